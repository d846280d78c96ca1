//! Streams to a guest, from work that goes on elsewhere.

use std::{
    fmt::Display,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::sync::{mpsc, oneshot};
use wasmtime::{
    StoreContextMut,
    component::{Destination, StreamProducer, StreamResult, VecBuffer},
};

/// Hands a guest what arrives in batches, item by item. It ends when the sender is dropped.
pub(super) struct Batches<Received, Item> {
    received: mpsc::Receiver<Vec<Received>>,
    convert: fn(Received) -> Item,
}

impl<Received, Item> Batches<Received, Item> {
    pub(super) fn new(received: mpsc::Receiver<Vec<Received>>, convert: fn(Received) -> Item) -> Self {
        Self { received, convert }
    }
}

impl<D, Received, Item> StreamProducer<D> for Batches<Received, Item>
where
    Received: Send + 'static,
    Item: Send + Sync + 'static,
{
    type Item = Item;
    type Buffer = VecBuffer<Item>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Item, VecBuffer<Item>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        // A guest that only asks whether there is something gets no item: it might never come back for it.
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let received = match self.received.poll_recv(context) {
            Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            received => ready!(received),
        };
        let Some(batch) = received else {
            return Poll::Ready(Ok(StreamResult::Dropped));
        };
        let items: Vec<Item> = batch.into_iter().map(self.convert).collect();
        destination.set_buffer(items.into());
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

/// How such work ended, for the guest: `other` makes its error from a text where the work was cut short.
pub(super) async fn outcome<E, GuestError>(
    ended: oneshot::Receiver<Result<(), E>>,
    other: fn(String) -> GuestError,
) -> wasmtime::Result<Result<(), GuestError>>
where
    E: Display,
{
    Ok(match ended.await {
        Ok(result) => result.map_err(|error| other(error.to_string())),
        Err(_) => Err(other("the work was cut short".to_owned())),
    })
}
