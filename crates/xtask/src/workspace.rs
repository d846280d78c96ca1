//! Where things are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The target that components are built for.
pub(crate) const WASM: &str = "wasm32-wasip2";

/// The profile that components are built with.
pub(crate) const COMPONENT_PROFILE: &str = "component";

/// The root of the clone that this program was built in.
pub(crate) fn root() -> &'static Path {
    const CRATE: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(CRATE).ancestors().nth(2).unwrap_or(Path::new(CRATE))
}

/// Where everything is built. `CARGO_TARGET_DIR` does not count: spin.toml names the components by their path.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// A program of the workspace.
pub(crate) fn program(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// Where data is kept, as `spin up` does.
pub(crate) fn state() -> PathBuf {
    root().join(".spin")
}

/// The names of the components: one folder each.
pub(crate) fn components() -> Result<Vec<String>> {
    let folder = root().join("components");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The components that are built together: the middleware, and the rest. Cargo joins the features of all that it builds
/// in one go, and the feature that imports the next handler, which only a middleware has, would give that import to all.
pub(crate) fn component_groups() -> Result<[Vec<String>; 2]> {
    let (mut middleware, mut rest) = (Vec::new(), Vec::new());
    for name in components()? {
        let manifest = root().join("components").join(&name).join("Cargo.toml");
        let text =
            fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
        let group = if text.contains("\"spin-middleware\"") {
            &mut middleware
        } else {
            &mut rest
        };
        group.push(name);
    }
    Ok([middleware, rest])
}

/// The components that the benchmark compares with, each built alone: one is a middleware, and the other is not.
pub(crate) const BENCH_GUESTS: [&str; 2] = ["jetway-bench-forwarder", "jetway-bench-pass-through"];

/// `-p NAME` for each of them.
pub(crate) fn packages(names: &[String]) -> Vec<String> {
    names
        .iter()
        .flat_map(|name| ["-p".to_owned(), name.clone()])
        .collect()
}
