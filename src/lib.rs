//! Holdall: a whole backend in one file.
//!
//! This is the map; ARCHITECTURE.md tells the way of one read and one write through it. Layers, each of which knows
//! only those before it:
//!
//! | layer | modules |
//! |---|---|
//! | base | [`base`]: errors, ids, time, JSON text, limits |
//! | domain | [`domain`]: collections, fields, records, principals; pure |
//! | rules | [`rules`]: the filter language, text → tree → plan; pure |
//! | query | [`query`]: plans and schemas made into statements; pure |
//! | store | [`store`]: the only code that runs SQL |
//! | services | [`settings`], [`collections`], [`records`], [`auth`], [`mail`], [`files`], [`realtime`] |
//! | | [`logs`], [`jobs`], [`backup`], [`rates`], [`update`], [`monitor`], [`import`], [`export`] |
//! | app | [`app`]: owns the services, one method per thing that can be asked |
//! | edges | [`web`], [`api`], [`admin`], [`front`], [`cli`], [`demo`] |

pub mod admin;
pub mod api;
pub mod app;
pub mod auth;
pub mod backup;
pub mod base;
pub mod cli;
pub mod collections;
pub mod demo;
pub mod domain;
pub mod export;
pub mod files;
pub mod front;
pub mod import;
pub mod jobs;
pub mod logs;
pub mod mail;
pub mod monitor;
pub mod query;
pub mod rates;
pub mod realtime;
pub mod records;
pub mod rules;
pub mod settings;
pub mod store;
pub mod update;
pub mod web;
