//! The probe as a whole, on real sockets.

#[cfg(test)]
mod run;
#[cfg(test)]
mod server;
