//! How often a file is opened, by whomever: the kernel tells, on Linux.

#[cfg(not(target_os = "linux"))]
use std::path::Path;

#[cfg(not(target_os = "linux"))]
use anyhow::Result;

#[cfg(target_os = "linux")]
pub(super) use linux::Openings;

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use anyhow::{Context, Result, anyhow, ensure};
    use inotify::{EventMask, Inotify, WatchMask};

    /// The kernel makes one of equal events that wait to be read one behind another, so they may not wait for long.
    const BETWEEN_READS: Duration = Duration::from_millis(1);

    /// A count that goes on.
    pub(crate) struct Openings {
        over: Arc<AtomicBool>,
        reader: JoinHandle<Result<u32>>,
    }

    impl Openings {
        /// Counts from now on.
        pub(crate) fn watch(file: &Path) -> Result<Self> {
            let inotify = Inotify::init().context("cannot watch files")?;
            // What is closed and read is told as well, and so stands between two openings that would else be one.
            let mask = WatchMask::OPEN | WatchMask::CLOSE | WatchMask::ACCESS;
            let watched = inotify.watches().add(file, mask);
            watched.with_context(|| format!("cannot watch {}", file.display()))?;
            let over = Arc::new(AtomicBool::new(false));
            let reader = thread::spawn({
                let over = Arc::clone(&over);
                move || count_until(&over, inotify)
            });
            Ok(Self { over, reader })
        }

        /// How often until now.
        pub(crate) fn count(self) -> Result<Option<u32>> {
            self.over.store(true, Ordering::Relaxed);
            let count = self.reader.join();
            count
                .map_err(|_| anyhow!("the reader of the kernel's events panicked"))?
                .map(Some)
        }
    }

    fn count_until(over: &AtomicBool, mut inotify: Inotify) -> Result<u32> {
        let mut count = 0;
        loop {
            // What happened before the end is read after it.
            let is_last = over.load(Ordering::Relaxed);
            count += unread(&mut inotify)?;
            if is_last {
                return Ok(count);
            }
            thread::sleep(BETWEEN_READS);
        }
    }

    fn unread(inotify: &mut Inotify) -> Result<u32> {
        let mut buffer = [0; 4096];
        let mut count = 0;
        loop {
            let events = match inotify.read_events(&mut buffer) {
                Ok(events) => events,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(count),
                Err(error) => return Err(error).context("cannot read the kernel's events"),
            };
            for event in events {
                ensure!(
                    !event.mask.contains(EventMask::Q_OVERFLOW),
                    "the file was used more often than the kernel can tell"
                );
                count += u32::from(event.mask.contains(EventMask::OPEN));
            }
        }
    }
}

/// Elsewhere nobody tells.
#[cfg(not(target_os = "linux"))]
pub(super) struct Openings;

#[cfg(not(target_os = "linux"))]
impl Openings {
    pub(super) fn watch(_: &Path) -> Result<Self> {
        Ok(Self)
    }

    pub(super) fn count(self) -> Result<Option<u32>> {
        Ok(None)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn each_opening_counts() {
        let file = std::env::temp_dir().join(format!("jetway-openings-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let openings = Openings::watch(&file).unwrap();
        for _ in 0..3 {
            drop(File::open(&file).unwrap());
        }
        assert_eq!(openings.count().unwrap(), Some(3));
        assert_eq!(Openings::watch(&file).unwrap().count().unwrap(), Some(0));
        std::fs::remove_file(file).unwrap();
    }
}
