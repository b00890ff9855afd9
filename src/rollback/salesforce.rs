//! The package that takes a release out of an org of Salesforce (pure).
//!
//! A deployment is an upsert of metadata, and an org keeps nothing of what was there before. So the way back is a
//! deployment too: the old version of each component that the release changed or took away, and a manifest that deletes
//! each one that it added. It is made from git, and validated at the org while there is time.
//!
//! - [`components`]: which component a file is part of.
//! - [`package`]: what the package brings back and what it deletes, and its manifests.

pub mod components;
pub mod package;
