//! What every request meets on its way in and every answer on its way out, outermost first: [`request_info`] and
//! [`security_headers`], [`error_pages`]; for pages and their forms also [`origin`] and [`identify`].

pub mod error_pages;
pub mod form_type;
pub mod identify;
pub mod origin;
pub mod request_info;
pub mod security_headers;
