//! The probe as a whole, on real sockets.

#[cfg(test)]
mod kinds;
#[cfg(test)]
mod run;
#[cfg(test)]
mod server;
