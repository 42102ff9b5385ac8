//! Who may be sent to at the same time, so that a provider that hangs delays nobody else's messages.
//!
//! Each provider has places of its own. Mail, telephones and the inbox have nothing else; servers that people name
//! share a number of places too, since there may be any number of them.

use std::collections::BTreeMap;

use notifier::Address;
use paging::Channel;

/// Messages that are on their way to one provider at the same time.
const OF_PROVIDER_MAX: usize = 16;
/// Messages that are on their way to servers that people name, at the same time.
const OF_NAMED_MAX: usize = 256;

/// Who takes a message: a channel's only provider, or one server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Provider {
    channel: &'static str,
    server: Option<String>,
}

impl Provider {
    pub(super) fn of(address: &Address) -> Self {
        Self { channel: address.channel().as_str(), server: address.server() }
    }

    /// The provider of a channel whose addresses name none.
    pub(super) fn only(channel: Channel) -> Option<Self> {
        match channel {
            Channel::Email | Channel::Sms | Channel::Voice | Channel::Inbox => {
                Some(Self { channel: channel.as_str(), server: None })
            }
            Channel::Slack | Channel::Ntfy | Channel::Webhook => None,
        }
    }
}

/// The places that are taken.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: BTreeMap<Provider, usize>,
    named: usize,
}

impl Places {
    /// Takes a place, if there is one.
    pub(super) fn take(&mut self, provider: &Provider) -> bool {
        let is_named = provider.server.is_some();
        let taken = self.taken.get(provider).copied().unwrap_or(0);
        if taken >= OF_PROVIDER_MAX || (is_named && self.named >= OF_NAMED_MAX) {
            return false;
        }
        self.taken.insert(provider.clone(), taken + 1);
        self.named += usize::from(is_named);
        true
    }

    /// Gives a place back that was taken.
    pub(super) fn give_back(&mut self, provider: &Provider) {
        let Some(taken) = self.taken.get_mut(provider) else { return };
        *taken -= 1;
        if *taken == 0 {
            self.taken.remove(provider);
        }
        self.named -= usize::from(provider.server.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(host: usize) -> Provider {
        Provider::of(&Address::parse(Channel::Webhook, &format!("https://host-{host}.example/in")).unwrap())
    }

    #[test]
    fn whoever_hangs_takes_no_place_of_others() {
        let mut places = Places::default();
        let hanging = webhook(0);
        assert_eq!((0..1_000).filter(|_| places.take(&hanging)).count(), OF_PROVIDER_MAX);
        assert!(places.take(&webhook(1)));
        for host in 2..1_000 {
            while places.take(&webhook(host)) {}
        }
        assert!(!places.take(&webhook(1_000)), "servers that people name are bounded together");
        let mail = Provider::only(Channel::Email).unwrap();
        assert!(places.take(&mail), "and take nothing of what the operator set up");
        places.give_back(&hanging);
        assert!(places.take(&webhook(1_000)));
    }

    #[test]
    fn all_places_come_back() {
        let mut places = Places::default();
        for host in 0..100 {
            assert!(places.take(&webhook(host)));
        }
        (0..100).for_each(|host| places.give_back(&webhook(host)));
        places.give_back(&webhook(0));
        assert!(places.taken.is_empty() && places.named == 0, "{places:?}");
    }

    #[test]
    fn an_address_of_an_only_provider_names_no_server() {
        for (channel, address) in
            [(Channel::Email, "a@example.org"), (Channel::Sms, "+49171000001"), (Channel::Voice, "+49171000001")]
        {
            let address = Address::parse(channel, address).unwrap();
            assert_eq!(Provider::only(channel), Some(Provider::of(&address)));
        }
    }
}
