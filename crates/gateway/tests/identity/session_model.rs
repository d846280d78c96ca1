//! The life of sessions: whatever happens in whatever order, the real store does what a model of it does that fits on a page.

use std::time::Duration;

use jetway_gateway::accounts;
use jetway_gateway::domain::User;
use jetway_gateway::ports::{Clock as _, KeyValueError, Timestamp};
use jetway_gateway::sessions::{self, Grant, REFRESH_GRACE, RefreshError, SignInError, renounce};
use jetway_gateway::store::sessions::{EndReason, Which, list};
use jetway_gateway::test_support::block_on;
use proptest::prelude::*;

use crate::world::{IDLE, LONGEST, PASSWORD, World, password, refresh};

const EMAIL: &str = "ada@example.com";
const PASSWORDS: [&str; 2] = [PASSWORD, "another horse battery"];

/// What can happen. A session or a token is picked by a number, among those that there have ever been.
#[derive(Clone, Copy, Debug)]
enum Act {
    SignIn,
    Refresh(usize),
    RefreshNewest(usize),
    EndThis(usize),
    EndOthers(usize),
    EndAll,
    ChangePassword(usize),
    Disable(bool),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let some = 0..1000_usize;
    let act = prop_oneof![
        3 => Just(Act::SignIn),
        5 => some.clone().prop_map(Act::Refresh),
        5 => some.clone().prop_map(Act::RefreshNewest),
        1 => some.clone().prop_map(Act::EndThis),
        1 => some.clone().prop_map(Act::EndOthers),
        1 => Just(Act::EndAll),
        1 => some.prop_map(Act::ChangePassword),
        1 => any::<bool>().prop_map(Act::Disable),
        6 => prop::sample::select(vec![1, 5, 10, 11, 300, 599, 600, 3000, 3599, 3600, 40_000, 86_400])
            .prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..40)
}

#[derive(Debug)]
struct Token {
    session: usize,
    grant: Grant,
    issued_at: Timestamp,
    /// The place of its successor.
    traded: Option<usize>,
    traded_at: Timestamp,
    /// Whether something that the access token says of the user has changed since.
    renounced: bool,
}

#[derive(Debug)]
struct Session {
    id: jetway_gateway::domain::SessionId,
    expires_at: Timestamp,
    ends_at: Timestamp,
    ended: bool,
}

struct Model {
    world: World,
    user: User,
    sessions: Vec<Session>,
    tokens: Vec<Token>,
    password: usize,
    disabled: bool,
}

impl Model {
    fn new() -> Self {
        let world = World::default();
        Self {
            user: world.sign_up(EMAIL),
            world,
            sessions: Vec::new(),
            tokens: Vec::new(),
            password: 0,
            disabled: false,
        }
    }

    fn now(&self) -> Timestamp {
        self.world.ports.clock.now()
    }

    fn is_open(&self, session: usize) -> bool {
        let session = &self.sessions[session];
        !session.ended && self.now() < session.expires_at
    }

    /// Adds the token of a grant, and gives its place.
    fn add(&mut self, session: usize, grant: Grant) -> usize {
        self.tokens.push(Token {
            session,
            grant,
            issued_at: self.now(),
            traded: None,
            traded_at: self.now(),
            renounced: false,
        });
        self.tokens.len() - 1
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::SignIn => self.sign_in(),
            Act::Refresh(i) if !self.tokens.is_empty() => self.refresh(i % self.tokens.len()),
            Act::RefreshNewest(i) if !self.sessions.is_empty() => {
                let session = i % self.sessions.len();
                let newest = self.tokens.iter().rposition(|token| token.session == session);
                self.refresh(newest.unwrap());
            }
            Act::EndThis(i) if !self.sessions.is_empty() => {
                let this = i % self.sessions.len();
                self.end(Which::Only(self.sessions[this].id), |session| session == this);
            }
            Act::EndOthers(i) if !self.sessions.is_empty() => {
                let this = i % self.sessions.len();
                self.end(Which::AllBut(self.sessions[this].id), |session| session != this);
            }
            Act::EndAll => self.end(Which::All, |_| true),
            Act::ChangePassword(i) if !self.tokens.is_empty() => {
                self.change_password(i % self.tokens.len());
            }
            Act::Disable(disabled) => self.disable(disabled),
            Act::Wait(secs) => self.world.ports.clock.advance(Duration::from_secs(secs)),
            // There is none to do it to.
            _ => {}
        }
    }

    fn sign_in(&mut self) {
        let wrong = PASSWORDS[1 - self.password];
        let refused = Err(SignInError::InvalidCredentials);
        assert_eq!(self.world.try_sign_in(EMAIL, wrong).map(drop), refused);
        let signed_in = self.world.try_sign_in(EMAIL, PASSWORDS[self.password]);
        if self.disabled {
            assert_eq!(signed_in.map(drop), refused);
            return;
        }
        let grant = signed_in.unwrap();
        self.sessions.push(Session {
            id: self.world.identity(&grant).session(),
            expires_at: self.now().after(IDLE),
            ends_at: self.now().after(LONGEST),
            ended: false,
        });
        self.add(self.sessions.len() - 1, grant);
    }

    fn refresh(&mut self, token: usize) {
        let session = self.tokens[token].session;
        let refreshed = refresh(&self.world, &self.tokens[token].grant.refresh_token);
        if self.disabled || !self.is_open(session) {
            assert_eq!(refreshed.map(drop), Err(RefreshError::Dead));
            return;
        }
        match self.tokens[token].traded {
            None => {
                let successor = self.add(session, refreshed.unwrap());
                self.tokens[token].traded = Some(successor);
                self.tokens[token].traded_at = self.now();
                self.used(session);
            }
            Some(successor) => match self.tokens[successor]
                .traded
                .map(|_| self.tokens[successor].traded_at)
            {
                None => {
                    let again = refreshed.unwrap();
                    let first = &self.tokens[successor].grant.refresh_token;
                    assert_eq!(again.refresh_token.reveal(), first.reveal());
                    assert!(self.world.verify(&again).is_ok());
                    self.used(session);
                }
                Some(used) if used.until(self.now()) <= REFRESH_GRACE => {
                    assert_eq!(refreshed.map(drop), Err(RefreshError::Dead));
                }
                Some(_) => {
                    let user = self.user.id;
                    assert_eq!(refreshed.map(drop), Err(RefreshError::Replayed { user }));
                    self.sessions[session].ended = true;
                }
            },
        }
    }

    fn used(&mut self, session: usize) {
        let end = self.now().after(IDLE).min(self.sessions[session].ends_at);
        self.sessions[session].expires_at = end;
    }

    fn end(&mut self, which: Which, is_meant: impl Fn(usize) -> bool) {
        let store = self.world.store();
        let announcer = self.world.sessions(&store).announcer();
        block_on(sessions::end(
            &store,
            &announcer,
            self.user.id,
            which,
            EndReason::SignedOut,
        ))
        .unwrap();
        for (i, session) in self.sessions.iter_mut().enumerate() {
            session.ended |= is_meant(i);
        }
    }

    fn change_password(&mut self, token: usize) {
        let Ok(identity) = self.world.verify(&self.tokens[token].grant) else {
            return;
        };
        let this = self.tokens[token].session;
        let [old, new] = [self.password, 1 - self.password].map(|i| password(PASSWORDS[i]));
        let store = self.world.store();
        let announcer = self.world.sessions(&store).announcer();
        let hasher = self.world.ports.hasher();
        let changed = accounts::change_password(&store, &announcer, &identity, (Some(old), &new), &hasher);
        block_on(changed).unwrap();
        self.password = 1 - self.password;
        for (i, session) in self.sessions.iter_mut().enumerate() {
            session.ended |= i != this;
        }
    }

    fn disable(&mut self, disabled: bool) {
        let at = if disabled {
            "'2026-01-02T03:04:05.678Z'"
        } else {
            "NULL"
        };
        let act = async || {
            let sql = format!("UPDATE users SET disabled_at = {at}");
            self.world.ports.databases.run(&sql);
            Ok::<_, KeyValueError>(())
        };
        block_on(renounce(&self.world.ports.key_value, self.user.id, act)).unwrap();
        self.disabled = disabled;
        for token in &mut self.tokens {
            token.renounced = true;
        }
    }

    /// What anybody can see of the store is what the model says.
    fn compare(&self) {
        let shown = block_on(list(&self.world.store(), self.user.id, self.now())).unwrap();
        let mut shown: Vec<_> = shown.into_iter().map(|session| session.id).collect();
        let open = (0..self.sessions.len()).filter(|&session| self.is_open(session));
        let mut open: Vec<_> = open.map(|session| self.sessions[session].id).collect();
        shown.sort();
        open.sort();
        assert_eq!(shown, open);
        for token in &self.tokens {
            let age = self.now().as_secs() - token.issued_at.as_secs();
            let is_good = !self.sessions[token.session].ended && !token.renounced && age < 600;
            assert_eq!(self.world.verify(&token.grant).is_ok(), is_good, "{token:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sessions_live_as_their_model_does(acts in acts()) {
        let mut model = Model::new();
        for act in acts {
            model.act(act);
            model.compare();
        }
    }
}
