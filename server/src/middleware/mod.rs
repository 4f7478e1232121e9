//! What every request meets on its way in and every answer on its way out, outermost first: [`request_info`],
//! [`security_headers`], [`origin`], and for pages [`identify`].

pub mod identify;
pub mod origin;
pub mod request_info;
pub mod security_headers;
