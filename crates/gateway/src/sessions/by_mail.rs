//! Signing in by a code out of a mail: a way in that no guesses at the password hold up.
//!
//! A code is good in the browser that asked for it alone, and each browser has five tries at a code of its own. So whoever tries codes for
//! somebody else's address uses up nothing of the owner's; and whoever asks for so many that no more are sent has sent the owner, in
//! each of these mails, a link by which a browser is known, and counted apart from then on ([`devices`](crate::devices)).

use std::time::Duration;

use super::{Client, Grant, NotSignedIn, Sessions, SignInError};
use crate::Failure;
use crate::accounts::one_time_token;
use crate::domain::{
    AskingBrowser, AskingBrowserHash, AuthMethod, Authentication, EmailAddress, OneTimeTokenId, RefreshToken,
    SessionId, SigninCode, UserId,
};
use crate::ports::{Clock, Database, Entropy, KeyValue};
use crate::second_factor::Given;
use crate::store::secrets::ServerSecret;
use crate::store::signin_codes::{self, CodeUse, NewCode};
use crate::store::{Store, accounts};

/// Makes codes, with the links that go with them.
#[derive(Debug)]
pub struct CodeMaker<'a, C, E> {
    /// What they are derived from.
    pub secret: &'a ServerSecret,
    /// How long a code is good for.
    pub lifetime: Duration,
    /// How long a link is.
    pub link_lifetime: Duration,
    /// The clock.
    pub clock: &'a C,
    /// The source of ids.
    pub entropy: &'a E,
}

/// Asks for a mail with a code to the address, for the browser that is to be given this secret, and tells whose address it is. The work
/// is the same whoever's it is.
pub async fn request_code<D: Database>(
    store: &Store<D>,
    email: &EmailAddress,
    browser: &AskingBrowser,
    maker: &CodeMaker<'_, impl Clock, impl Entropy>,
) -> Result<Option<UserId>, Failure> {
    let id = OneTimeTokenId::generate(maker.clock, maker.entropy);
    let created_at = maker.clock.now();
    let code = NewCode {
        id,
        browser: browser.hash(),
        link: one_time_token(maker.secret, id).hash(),
        created_at,
        expires_at: created_at.after(maker.lifetime),
        link_expires_at: created_at.after(maker.link_lifetime),
    };
    Ok(signin_codes::request(store, email, &code).await?)
}

/// The code of this id, for whoever writes the mail.
pub fn signin_code(secret: &ServerSecret, id: OneTimeTokenId) -> SigninCode {
    SigninCode::derive(secret.reveal(), id)
}

/// A code that somebody shows.
#[derive(Debug)]
pub struct ShownCode {
    /// The address that it was sent to.
    pub email: EmailAddress,
    /// What the browser was given when it asked, for each time that it did.
    pub browsers: Vec<AskingBrowserHash>,
    /// The code.
    pub code: SigninCode,
    /// What proves the second factor, where it was given.
    pub second_factor: Option<Given>,
}

impl<D: Database, K: KeyValue, C: Clock, E: Entropy> Sessions<'_, D, K, C, E> {
    /// Signs in whoever shows the code, which shows that they have the address, too. Until the code is right, the same work is done
    /// whoever's the address is.
    pub async fn sign_in_by_code(
        &self,
        shown: &ShownCode,
        client: &Client,
        secret: &ServerSecret,
    ) -> Result<Grant, NotSignedIn> {
        let now = self.clock.now();
        let tried = signin_codes::try_all(self.store, &shown.email, &shown.browsers, now).await?;
        let mut right = None;
        for candidate in &tried {
            if signin_code(secret, candidate.id).is(&shown.code) {
                right = Some(candidate);
            }
        }
        let user_of_any = tried.iter().find_map(|candidate| candidate.user);
        let refused = |user| move |why: SignInError| NotSignedIn { why, user };
        let Some((id, user)) = right.and_then(|right| Some((right.id, right.user?))) else {
            return Err(refused(user_of_any)(SignInError::WrongCode));
        };
        self.start_by_code(id, user, shown, client)
            .await
            .map_err(refused(Some(user)))
    }

    async fn start_by_code(
        &self,
        code: OneTimeTokenId,
        user: UserId,
        shown: &ShownCode,
        client: &Client,
    ) -> Result<Grant, SignInError> {
        let account = accounts::find(self.store, user).await?;
        let (_, is_verified) = account.ok_or(SignInError::WrongCode)?;
        if !is_verified {
            // What was there before the address was anybody's ends with it, and so do the tokens that came of it.
            let prove = async || {
                let done = signin_codes::prove(self.store, code, &shown.email, self.clock.now()).await;
                done.map_err(Failure::from)
            };
            self.announcer().renounce(user, prove).await?;
        }
        let proof = self.prove(user, shown.second_factor.as_ref()).await?;
        let refresh_token = RefreshToken::generate(self.entropy);
        let now = self.clock.now();
        let mut methods = vec![AuthMethod::Email];
        methods.extend(proof.as_ref().map(|_| AuthMethod::Otp));
        let authentication = Authentication {
            session: SessionId::generate(self.clock, self.entropy),
            methods,
            at: now,
        };
        // Before the session is there: a failure to publish the key leaves nothing behind.
        let (access_token, user) = self
            .access_token(user, &authentication)
            .await?
            .ok_or(SignInError::WrongCode)?;
        let used = CodeUse {
            code,
            email: &shown.email,
            session: authentication.session,
            second_factor: proof.as_ref(),
            refresh_token: &refresh_token.hash(),
            client_address: client.address.as_deref(),
            user_agent: client.user_agent.as_deref(),
            started_at: now,
            expires_at: now.after(self.refresh_lifetime.min(self.session_lifetime)),
            ends_at: now.after(self.session_lifetime),
            known_device: client.is_known,
        };
        signin_codes::start_session(self.store, &used).await?;
        Ok(Grant {
            access_token,
            refresh_token,
            user,
            methods: authentication.methods,
            outdated: None,
        })
    }
}
