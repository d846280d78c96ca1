//! What has to be built or installed before an end-to-end test can run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const REMEDY: &str = "`cargo xtask test` builds everything and runs all tests";

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in the workspace's root")
}

/// The manifest under test: `JETWAY_MANIFEST`, else the workspace's spin.toml.
pub fn manifest() -> PathBuf {
    let path = env::var_os("JETWAY_MANIFEST").map_or_else(|| workspace().join("spin.toml"), PathBuf::from);
    assert!(
        path.is_file(),
        "there is no manifest {}; {REMEDY}",
        path.display()
    );
    path
}

/// A built component of the manifest under test.
pub fn component(source: &str) -> PathBuf {
    let path = manifest().parent().expect("a manifest has a folder").join(source);
    assert!(
        path.is_file(),
        "the component {} is not built; {REMEDY}",
        path.display()
    );
    path
}

/// Whether the suite runs on a real `spin` (`JETWAY_RUNTIME=spin`) instead of the embedded host.
pub fn on_real_spin() -> bool {
    env::var("JETWAY_RUNTIME").is_ok_and(|runtime| runtime == "spin")
}

/// The program that runs the manifest: the embedded host, or on a real Spin the `spin` on the PATH.
pub fn runtime() -> PathBuf {
    if on_real_spin() {
        PathBuf::from("spin")
    } else {
        host()
    }
}

/// The embedded host: `JETWAY_HOST`, else the one in this test's own target folder.
pub fn host() -> PathBuf {
    let path = env::var_os("JETWAY_HOST").map_or_else(|| built_binary("jetway-host"), PathBuf::from);
    assert!(
        path.is_file(),
        "the embedded host {} is not built; {REMEDY}",
        path.display()
    );
    path
}

/// The Redis server: `JETWAY_REDIS_SERVER`, else the `redis-server` on the PATH.
pub fn redis_server() -> PathBuf {
    let path =
        env::var_os("JETWAY_REDIS_SERVER").map_or_else(|| PathBuf::from("redis-server"), PathBuf::from);
    let answered = Command::new(&path)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(
        answered,
        "{} does not run: install redis-server (Debian: `apt-get install redis-server`) or name one in \
         JETWAY_REDIS_SERVER; {REMEDY}",
        path.display()
    );
    path
}

/// A binary of this workspace, built with the same profile as the tests: theirs is `<target>/<profile>/deps/<test>`.
pub fn built_binary(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("a test lies two folders below the target folder");
    profile.join(name)
}
