//! From a resolved stack to the files of a bundle.
pub mod rules;
