//! flagd's flag definition format: read, checked, compiled, evaluated and explained.
