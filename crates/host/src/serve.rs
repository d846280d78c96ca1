//! Serves an application: from its description to running instances, and to an orderly end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::watch;

use crate::allowed_hosts::AllowedHosts;
use crate::app::Component;
use crate::backends::Backends;
use crate::backends::sqlite::run_startup_statements;
use crate::compile::{Compiler, compile_all};
use crate::engine;
use crate::instances::{self, Instances, Shared};
use crate::interfaces::AppState;
use crate::options::Options;
use crate::outbound::Client;
use crate::runtime_config::RuntimeConfig;
use crate::state::ComponentContext;
use crate::stdio::Stdio;
use crate::trigger::http::{HttpServer, Listener};
use crate::trigger::redis::{Guests, RedisTrigger};

/// Serves the application until the process is told to end, and lets requests that are under way finish.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    let server = Server::start(options).await?;
    server.listener.announce();
    server.serve(told_to_end()).await
}

/// An application that is ready to serve: its components are compiled, its socket listens.
pub struct Server {
    listener: Listener,
    messages: RedisTrigger,
    subscribers: Arc<Guests>,
}

impl Server {
    /// Prepares all that serving needs, so that whatever is wrong is known before the first request.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let instances = load(&options).await?;
        let server = HttpServer::new(&options.app, &instances, &options.reuse)?;
        let messages = RedisTrigger::new(&options.app, &options.variables)?;
        let subscribers = Arc::new(Guests::new(&options.app, &instances)?);
        let listener = Listener::bind(server, options.listen).await?;
        Ok(Self {
            listener,
            messages,
            subscribers,
        })
    }

    /// Where the application is served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Serves until `stop`, then lets the requests under way finish.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let (stopping, stopped) = watch::channel(false);
        let until_stopped = |mut stopped: watch::Receiver<bool>| async move {
            stopped.wait_for(|stopped| *stopped).await.ok();
        };
        let told = async {
            stop.await;
            stopping.send_replace(true);
        };
        tokio::join!(
            told,
            self.listener.serve(until_stopped(stopped.clone())),
            self.messages.run(self.subscribers, until_stopped(stopped)),
        );
        Ok(())
    }
}

/// The components of the application, ready to be instantiated.
async fn load(options: &Options) -> anyhow::Result<HashMap<String, Arc<Instances>>> {
    let engine = engine::engine()?;
    let linker = instances::linker(&engine)?;
    let compiler = Compiler::new(&engine, cache_folder(options));
    let components: Vec<_> = options.app.components.values().collect();
    let code = tokio::task::block_in_place(|| compile_all(&compiler, &components, options.quiet))?;
    let shared = shared(options).await?;
    components
        .into_iter()
        .zip(code)
        .map(|(component, code)| {
            let stdio = Stdio::open(&component.id, options.log_dir.as_deref(), options.quiet)?;
            let instances = Instances::new(
                &linker,
                &code,
                context(options, component)?,
                shared.clone(),
                stdio,
            )
            .map_err(anyhow::Error::from)
            .with_context(|| format!("component `{}` cannot run here", component.id))?;
            Ok((component.id.clone(), Arc::new(instances)))
        })
        .collect()
}

async fn shared(options: &Options) -> anyhow::Result<Shared> {
    let config = RuntimeConfig {
        key_value_stores: options.key_value_stores.clone(),
        sqlite_databases: options.sqlite_databases.clone(),
        ..RuntimeConfig::default()
    };
    let backends = Backends::new(&config, &options.state_dir)?;
    run_startup_statements(&backends.databases, &options.sqlite_statements).await?;
    let interfaces = AppState::new(&options.app, backends, Arc::new(options.variables.clone()))?;
    Ok(Shared {
        client: Client::new(options.outbound_http)?,
        interfaces,
    })
}

fn context(options: &Options, component: &Component) -> anyhow::Result<ComponentContext> {
    let neighbours = options.app.components.keys().map(String::as_str);
    let entries = &component.allowed_outbound_hosts;
    let allowed = AllowedHosts::resolve(&component.id, entries, &options.variables, neighbours)?;
    Ok(ComponentContext {
        component: component.clone(),
        allowed_hosts: Arc::new(allowed),
    })
}

/// Compiled code is kept for the user, so that all of their applications and checkouts share it.
fn cache_folder(options: &Options) -> Option<PathBuf> {
    let from_environment = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    from_environment("XDG_CACHE_HOME")
        .or_else(|| from_environment("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("jetway-host"))
        .or_else(|| options.state_dir.path().map(|state| state.join("cache")))
}

/// Ends with Ctrl-C, or with the signal by which services are stopped.
async fn told_to_end() {
    let interrupted = async {
        // Where the signal cannot be had, nothing can be waited for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
