//! The one integration test binary.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod confirmed;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod edit;
#[cfg(test)]
mod encryption;
#[cfg(test)]
mod files;
#[cfg(test)]
mod find;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod house;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod links;
#[cfg(test)]
mod locale;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod newer;
#[cfg(test)]
mod options;
#[cfg(test)]
mod passphrases;
#[cfg(test)]
mod places;
#[cfg(test)]
mod profile;
#[cfg(test)]
mod pty;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod resume;
mod s3;
#[cfg(test)]
mod same_place;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod set;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod support;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod transfer;
#[cfg(test)]
mod uploads;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod viewer;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod zones;
