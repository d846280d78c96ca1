//! Whether the components have been built.

use crate::app::App;

/// Checks that every `.wasm` file that `app` needs is there.
pub fn check_sources(app: &App) -> anyhow::Result<()> {
    for component in app.components.values() {
        let sources = component
            .middleware
            .iter()
            .map(|middleware| (&middleware.name, &middleware.source))
            .chain([(&component.manifest_id, &component.source)]);
        for (name, source) in sources {
            anyhow::ensure!(
                source.is_file(),
                "component `{name}` is not built: {} is missing; build it with `cargo xtask build`",
                source.display()
            );
        }
    }
    Ok(())
}
