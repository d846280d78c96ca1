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

/// `-p NAME` for each of the components.
pub(crate) fn component_packages() -> Result<Vec<String>> {
    Ok(components()?
        .into_iter()
        .flat_map(|name| ["-p".to_owned(), name])
        .collect())
}
