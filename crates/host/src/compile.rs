//! From WebAssembly to machine code, through a cache on disk.
//!
//! An entry is found by the digest of the component and of everything in the engine that shapes its code, and is used
//! only if its own digest is right: whatever else is on disk, a component is then compiled anew. The cache must be
//! writable by its owner only, because its entries are code.

use std::collections::HashMap;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::app;
use crate::compose::compose;

const DIGEST_LENGTH: usize = 32;

/// How long an entry is kept that nobody uses.
const KEPT_UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Compiles components, and remembers the results.
#[derive(Clone, Debug)]
pub struct Compiler {
    engine: Engine,
    /// Where results are kept; none if there is no place for them.
    cache: Option<PathBuf>,
}

impl Compiler {
    /// A compiler for `engine` that keeps its results in `cache`, or keeps none where that folder cannot be made.
    #[must_use]
    pub fn new(engine: &Engine, cache: Option<PathBuf>) -> Self {
        let cache = cache.filter(|folder| make_private_folder(folder).is_ok());
        Self {
            engine: engine.clone(),
            cache,
        }
    }

    /// The machine code of the component `wasm`, compiled or remembered; `compiling` is called before it is compiled, which
    /// takes seconds.
    pub fn compile(&self, wasm: &[u8], compiling: impl FnOnce()) -> anyhow::Result<Component> {
        let entry = self
            .cache
            .as_ref()
            .map(|cache| cache.join(format!("{}.cwasm", self.key(wasm))));
        if let Some(component) = entry.as_deref().and_then(|entry| self.recall(entry)) {
            return Ok(component);
        }
        compiling();
        let component = Component::from_binary(&self.engine, wasm)?;
        // A cache that cannot be written (a full disk, say) costs time on the next start and nothing else.
        if let Some(entry) = entry {
            remember(&entry, &component).ok();
            entry.parent().map(sweep);
        }
        Ok(component)
    }

    fn key(&self, wasm: &[u8]) -> String {
        let mut compatibility = Fingerprint(Sha256::new());
        self.engine
            .precompile_compatibility_hash()
            .hash(&mut compatibility);
        let digest = compatibility.0.chain_update(wasm).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn recall(&self, entry: &Path) -> Option<Component> {
        let bytes = fs::read(entry).ok()?;
        let (digest, code) = bytes.split_at_checked(DIGEST_LENGTH)?;
        if Sha256::digest(code)[..] != *digest {
            return None;
        }
        touch(entry).ok();
        #[expect(
            unsafe_code,
            reason = "only code that this program wrote itself carries the right digest"
        )]
        // SAFETY: the bytes are what `Component::serialize` returned, as their digest says, in a folder that only
        // their owner can write; Wasmtime itself refuses code of another version or configuration.
        unsafe { Component::deserialize(&self.engine, code) }.ok()
    }
}

/// Marks an entry as used, so that it is kept.
fn touch(entry: &Path) -> std::io::Result<()> {
    fs::File::options()
        .append(true)
        .open(entry)?
        .set_modified(SystemTime::now())
}

/// Removes what has not been used for long: each change of a component, and each version of this program, leaves entries
/// that nobody asks for again.
fn sweep(cache: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(cache)?.flatten() {
        let used = entry.metadata()?.modified()?;
        if used.elapsed().is_ok_and(|unused| unused > KEPT_UNUSED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes an entry under another name first, so that no other process ever reads half of one.
fn remember(entry: &Path, component: &Component) -> anyhow::Result<()> {
    let code = component.serialize()?;
    let unfinished = entry.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(&Sha256::digest(&code))?;
    file.write_all(&code)?;
    drop(file);
    fs::rename(&unfinished, entry).context("cannot finish a cache entry")
}

/// The code of each of `components`, behind its middleware. Components that are composed of the same parts, as the clones
/// of one component are, share their code.
pub fn compile_all(
    compiler: &Compiler,
    components: &[&app::Component],
    quiet: bool,
) -> anyhow::Result<Vec<Component>> {
    let composed = components
        .iter()
        .map(|component| compose(component))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut distinct: Vec<(&[u8], &str)> = Vec::new();
    for (wasm, component) in composed.iter().zip(components) {
        if !distinct.iter().any(|(known, _)| known == wasm) {
            distinct.push((wasm, &component.id));
        }
    }
    let code: HashMap<&[u8], Component> = std::thread::scope(|scope| {
        let threads: Vec<_> = distinct
            .into_iter()
            .map(|(wasm, id)| scope.spawn(move || compile_one(compiler, wasm, id, quiet)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("the compiler panicked"))?)
            .collect::<anyhow::Result<_>>()
    })?;
    composed
        .iter()
        .map(|wasm| {
            code.get(wasm.as_slice())
                .cloned()
                .context("a component was not compiled")
        })
        .collect()
}

fn compile_one<'w>(
    compiler: &Compiler,
    wasm: &'w [u8],
    id: &str,
    quiet: bool,
) -> anyhow::Result<(&'w [u8], Component)> {
    let progress = || {
        if !quiet {
            eprintln!("Compiling {id} ...");
        }
    };
    let code = compiler
        .compile(wasm, progress)
        .with_context(|| format!("cannot compile `{id}`"))?;
    Ok((wasm, code))
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Feeds what is hashed to SHA-256, so that keys are the same in every process.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The magic number, the version and the layer of a component that holds nothing.
    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn compiler(folder: &Path) -> Compiler {
        Compiler::new(&Engine::default(), Some(folder.join("cache")))
    }

    fn entries(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder.join("cache"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    #[test]
    fn a_component_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let compiler = compiler(folder.path());
        compiler.compile(EMPTY_COMPONENT, || ()).unwrap();
        let [entry] = &entries(folder.path())[..] else {
            panic!("one entry")
        };
        assert!(compiler.recall(entry).is_some());
    }

    #[test]
    fn a_damaged_entry_is_built_anew() {
        let folder = tempfile::tempdir().unwrap();
        let compiler = compiler(folder.path());
        compiler.compile(EMPTY_COMPONENT, || ()).unwrap();
        let entry = entries(folder.path()).remove(0);
        let whole = fs::read(&entry).unwrap();
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        for damaged in [&b""[..], &whole[..20], &whole[..whole.len() - 1], &flipped] {
            fs::write(&entry, damaged).unwrap();
            assert!(compiler.recall(&entry).is_none());
            compiler.compile(EMPTY_COMPONENT, || ()).unwrap();
            assert_eq!(fs::read(&entry).unwrap(), whole);
        }
    }

    #[test]
    fn what_is_long_unused_goes_when_something_new_comes() {
        let folder = tempfile::tempdir().unwrap();
        let compiler = compiler(folder.path());
        let old = folder.path().join("cache/old.cwasm");
        let file = fs::File::create(&old).unwrap();
        file.set_modified(SystemTime::now() - 2 * KEPT_UNUSED).unwrap();
        compiler.compile(EMPTY_COMPONENT, || ()).unwrap();
        assert!(!old.exists());
        assert_eq!(entries(folder.path()).len(), 1);
    }

    #[test]
    fn without_a_folder_it_only_compiles() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let compiler = Compiler::new(&Engine::default(), Some(file.path().join("no")));
        assert!(compiler.cache.is_none());
        compiler.compile(EMPTY_COMPONENT, || ()).unwrap();
    }
}
