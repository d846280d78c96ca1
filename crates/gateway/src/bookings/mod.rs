//! What the booking service tells of bookings, and when people are reminded of them.

mod event;
mod offsets;

pub(crate) use event::Envelope;
pub use event::{BookingData, BookingEvent, Flight, InvalidBookingEvent};
pub use offsets::{InvalidReminderOffsets, ReminderOffsets};
