//! Tests of the program as a process: it is started, talked to over sockets, killed and started again.
//!
//! What needs no process of its own is tested elsewhere (`tests/http`, unit tests). Nothing here waits for a time to
//! pass: the server is watched by what it prints and answers.

mod access;
mod backups;
mod backups_hostile;
mod bad_input;
mod commands;
mod crash;
mod damage;
mod disk_full;
mod doctor;
mod fixtures;
mod http;
mod logs;
mod realtime;
mod server;
mod service;
mod shipping;
mod slow;
mod start;
mod tables;
#[cfg(feature = "otlp")]
mod traces;
mod update;
mod watched;
mod websocket;
