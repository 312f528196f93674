//! What is observed + what is wanted → the steps between them, each with its reason. Pure: the
//! only client in this module is a [`Reader`](crate::engine::Reader), which cannot change anything.

mod by_hand;
mod diff;
mod observed;
mod ports;
mod secrets;
mod wanted;

pub use diff::{Action, FileChange, Plan, UnitPlan, plan};
pub use observed::{Observed, VOLUMES, observe};
pub use ports::taken_ports;
pub use secrets::running_secrets;
pub use wanted::{
    UNSHIPPED, Unit, WantedFile, config_volume, data_volume, state_container, state_volume, wanted,
};
