//! The faces as their clients see them.

#[cfg(test)]
mod edge;
#[cfg(test)]
mod ofrep;
#[cfg(test)]
mod ports;
#[cfg(test)]
mod rpc;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod support;
#[cfg(test)]
mod sync;
