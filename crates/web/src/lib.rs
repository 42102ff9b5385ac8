//! The HTTP server: screens, assets, and what guards them.
//!
//! [`shell`] is the frame around every screen and [`views`] are the pieces that screens are made of; one folder per area
//! has its screens, each a struct of plain values with its template under `templates/`. [`assets`] serves the style sheet
//! and the script from within the binary. [`security::protect`] stands around all routes, and [`problem`] gives every
//! refusal its form.
//!
//! [`routes`] is the table of all routes, [`api`] our own JSON API, [`guard`] finds out who is asking, and [`App`] is what
//! every handler has.
//!
//! Architecture invariant: a screen can be drawn from invented values, without a server and without a World.

pub mod access;
pub mod actions;
pub mod alerts;
pub mod api;
pub mod app;
pub mod assets;
pub mod backstage;
pub mod cache;
pub mod catalog;
pub mod checks;
pub mod contacts;
pub mod contracts;
pub mod credentials;
pub mod dashboard;
pub mod deploys;
pub mod docs;
pub mod evaluation;
pub mod flags;
pub mod frame;
pub mod guard;
pub mod help;
pub mod home;
pub mod incidents;
pub mod indexes;
pub mod live;
pub mod manual;
pub mod marks;
pub mod metrics;
pub mod oncall;
pub mod pages;
pub mod paging;
pub mod postmortems;
pub mod problem;
pub mod reference;
pub mod remark;
pub mod retros;
pub mod routes;
pub mod search;
pub mod security;
pub mod server;
pub mod settings;
pub mod shell;
pub mod show;
pub mod slos;
pub mod status;
pub mod table;
pub mod timeline;
pub mod vault;
pub mod views;

pub use app::{App, Cors, Settings, WebhookCaller};
