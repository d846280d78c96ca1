//! Where the benchmark finds what it runs, and where it leaves what running leaves behind.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cli::Options;

/// `target/bench`, emptied, and how the runtimes are asked to run what is measured.
pub(crate) struct Workplace {
    folder: PathBuf,
    pub(crate) components: Vec<String>,
    pub(crate) max_instance_reuse_count: usize,
}

impl Workplace {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let folder = root().join("target/bench");
        for part in ["state", "cache", "logs", "nginx"] {
            let part = folder.join(part);
            if part.exists() {
                fs::remove_dir_all(&part).with_context(|| format!("cannot empty {}", part.display()))?;
            }
            fs::create_dir_all(&part).with_context(|| format!("cannot make {}", part.display()))?;
        }
        Ok(Self {
            folder,
            components: options.components.clone(),
            max_instance_reuse_count: options.max_instance_reuse_count,
        })
    }

    /// The database and the key-value store of a contestant.
    pub(crate) fn state(&self, id: &str) -> PathBuf {
        self.folder.join("state").join(id)
    }

    /// The file of its key-value store.
    pub(crate) fn store(&self, id: &str) -> PathBuf {
        self.state(id).join("sqlite_key_value.db")
    }

    /// Where runtimes keep the machine code that they compile, so that a cold start is cold and nobody's own cache is touched.
    pub(crate) fn cache(&self, id: &str) -> PathBuf {
        self.folder.join("cache").join(id)
    }

    pub(crate) fn nginx(&self) -> PathBuf {
        self.folder.join("nginx")
    }

    pub(crate) fn log(&self, id: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{id}.log"))
    }
}

/// The root of the clone that this program was built in.
pub(crate) fn root() -> &'static Path {
    const CRATE: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(CRATE).parent().unwrap_or(Path::new(CRATE))
}

/// What this crate brings along: the Express gateway, the configuration of nginx.
pub(crate) fn asset(name: &str) -> PathBuf {
    root().join("bench").join(name)
}
