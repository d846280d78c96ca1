//! Which host interfaces belong to which set of permissions, as Spin has them.

use crate::app::{CapabilitySet, Inherit};

/// Whether a middleware that inherits `inherit` is refused the host's `interface`, given without its version. What is in
/// no set (clocks, randomness, standard output, HTTP messages) is never refused.
pub(super) fn is_denied(interface: &str, inherit: &Inherit) -> bool {
    set_of(interface).is_some_and(|set| !inherit.includes(set))
}

/// `wasi:keyvalue/atomics` and `/batch` are in no set, because they are of no use without `/store`; a middleware
/// with one of them and without the set is refused when it is composed, as Spin refuses it.
fn set_of(interface: &str) -> Option<CapabilitySet> {
    Some(match interface {
        "fermyon:spin/llm" => CapabilitySet::AiModels,
        "fermyon:spin/http"
        | "fermyon:spin/mqtt"
        | "fermyon:spin/mysql"
        | "fermyon:spin/postgres"
        | "fermyon:spin/redis"
        | "spin:mqtt/mqtt"
        | "spin:mysql/mysql"
        | "spin:postgres/postgres"
        | "spin:redis/redis"
        | "wasi:http/client"
        | "wasi:http/outgoing-handler"
        | "wasi:sockets/ip-name-lookup"
        | "wasi:sockets/tcp"
        | "wasi:sockets/tcp-create-socket"
        | "wasi:sockets/udp"
        | "wasi:sockets/udp-create-socket" => CapabilitySet::AllowedOutboundHosts,
        "wasi:cli/environment" => CapabilitySet::Environment,
        "wasi:filesystem/preopens" => CapabilitySet::Files,
        "fermyon:spin/key-value" | "spin:key-value/key-value" | "wasi:keyvalue/store" => {
            CapabilitySet::KeyValueStores
        }
        "fermyon:spin/sqlite" | "spin:sqlite/sqlite" => CapabilitySet::SqliteDatabases,
        "fermyon:spin/config"
        | "fermyon:spin/variables"
        | "spin:variables/variables"
        | "wasi:config/store" => CapabilitySet::Variables,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inherited_is_not_denied() {
        let inherit = Inherit::Some(vec![CapabilitySet::Variables]);
        assert!(!is_denied("spin:variables/variables", &inherit));
        assert!(is_denied("spin:key-value/key-value", &inherit));
        assert!(is_denied("wasi:http/client", &inherit));
        assert!(!is_denied("wasi:http/client", &Inherit::All));
        assert!(is_denied("spin:variables/variables", &Inherit::None));
    }

    #[test]
    fn what_every_component_may_use_is_never_denied() {
        for interface in [
            "wasi:clocks/monotonic-clock",
            "wasi:http/types",
            "wasi:http/handler",
            "wasi:cli/stdout",
        ] {
            assert!(!is_denied(interface, &Inherit::None), "{interface}");
        }
    }
}
