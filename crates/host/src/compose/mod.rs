//! Puts middleware in front of a component: one component out of several.
//!
//! Each middleware imports the handler of the one behind it. It shares only those permissions of the component behind
//! it that the manifest lets it inherit; for all others an adapter that refuses every call takes the host's place, so a
//! middleware cannot reach the host with them whatever it does.

mod answers;
mod capabilities;
mod deny;

use std::path::Path;

use anyhow::{Context as _, bail};
use wac_graph::{CompositionGraph, NodeId, types::Package};

use crate::app::{Component, Middleware};

/// What a middleware imports and every component in a chain exports.
const HANDLER: &str = "wasi:http/handler@0.3.0";

/// The component as its requests meet it: itself, behind its middleware.
pub fn compose(component: &Component) -> anyhow::Result<Vec<u8>> {
    let innermost = read(&component.source)?;
    if component.middleware.is_empty() {
        return Ok(innermost);
    }
    let middleware = component
        .middleware
        .iter()
        .map(restricted)
        .collect::<anyhow::Result<Vec<_>>>()?;
    chain(&middleware, innermost).with_context(|| {
        let names: Vec<_> = component.middleware.iter().map(|one| one.name.as_str()).collect();
        format!(
            "cannot put the middleware {} in front of `{}`",
            names.join(", "),
            component.id
        )
    })
}

fn read(source: &Path) -> anyhow::Result<Vec<u8>> {
    const MODULE: &[u8] = b"\0asm\x01\0\0\0";
    let bytes = std::fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
    if bytes.starts_with(MODULE) {
        bail!(
            "{} is a core module, not a component: build it for wasm32-wasip2",
            source.display()
        );
    }
    Ok(bytes)
}

fn restricted(middleware: &Middleware) -> anyhow::Result<Vec<u8>> {
    let bytes = read(&middleware.source)?;
    let error = || {
        format!(
            "cannot take permissions from the middleware `{}`",
            middleware.name
        )
    };
    let Some(adapter) = deny::adapter(&bytes, &middleware.inherit).with_context(error)? else {
        return Ok(bytes);
    };
    plug(bytes, adapter).with_context(error)
}

/// The component `socket` with all that `plug` exports taken from there.
fn plug(socket: Vec<u8>, plug: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let plug = instantiate(&mut graph, "deny", plug)?;
    let socket = instantiate(&mut graph, "middleware", socket)?;
    for name in exports(&graph, plug.1) {
        let export = graph.alias_instance_export(plug.0, &name)?;
        graph.set_instantiation_argument(socket.0, &name, export)?;
    }
    for name in exports(&graph, socket.1) {
        let export = graph.alias_instance_export(socket.0, &name)?;
        graph.export(export, &name)?;
    }
    Ok(graph.encode(Default::default())?)
}

/// Wires components one behind another, the first of them outermost.
fn chain(middleware: &[Vec<u8>], innermost: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let (instance, _) = instantiate(&mut graph, "handler", innermost)?;
    let mut handler = graph.alias_instance_export(instance, HANDLER)?;
    for (index, bytes) in middleware.iter().enumerate().rev() {
        let (instance, _) = instantiate(&mut graph, &format!("middleware{index}"), bytes.clone())?;
        graph.set_instantiation_argument(instance, HANDLER, handler)?;
        handler = graph.alias_instance_export(instance, HANDLER)?;
    }
    graph.export(handler, HANDLER)?;
    Ok(graph.encode(Default::default())?)
}

fn instantiate(
    graph: &mut CompositionGraph,
    name: &str,
    bytes: Vec<u8>,
) -> anyhow::Result<(NodeId, wac_graph::PackageId)> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut())?;
    let package = graph.register_package(package)?;
    Ok((graph.instantiate(package), package))
}

fn exports(graph: &CompositionGraph, package: wac_graph::PackageId) -> Vec<String> {
    graph.types()[graph[package].ty()]
        .exports
        .keys()
        .cloned()
        .collect()
}
