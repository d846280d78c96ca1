//! Serving an application.

use crate::options::Options;

/// Serves the application until the process is told to end, and lets requests that are under way finish.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    anyhow::bail!("the application {} cannot be served yet", options.app.name)
}
