//! What the table makes of each provider's answer.

use super::*;
use crate::domain::oauth2::{PROVIDERS, find_provider};

/// What is read of an answer: id, name, username, e-mail, picture.
type Expected = [&'static str; 5];

/// A provider, an answer in its form, what comes with the token or in the list of addresses, and what is read.
fn answers() -> Vec<(&'static str, Json, Json, Expected)> {
    let nothing = || json!(null);
    let emails = json!([
        {"email": "old@x.example", "primary": false, "verified": true},
        {"email": "a@x.example", "primary": true, "verified": true},
    ]);
    vec![
        (
            "apple",
            json!({"sub": "001.a", "email": "a@x.example", "email_verified": "true"}),
            nothing(),
            ["001.a", "", "", "a@x.example", ""],
        ),
        (
            "google",
            json!({"sub": "1", "name": "A B", "picture": "p", "email": "a@x.example", "email_verified": true}),
            nothing(),
            ["1", "A B", "", "a@x.example", "p"],
        ),
        ("microsoft", json!({"id": "m", "displayName": "A B"}), nothing(), ["m", "A B", "", "", ""]),
        (
            "yandex",
            json!({"id": "1", "real_name": "A B", "login": "ab", "default_email": "a@x.example",
                "default_avatar_id": "9/8"}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "https://avatars.yandex.net/get-yapic/9/8/islands-200"],
        ),
        (
            "facebook",
            json!({"id": "1", "name": "A B", "email": "a@x.example", "picture": {"data": {"url": "p"}}}),
            nothing(),
            ["1", "A B", "", "a@x.example", "p"],
        ),
        (
            "instagram2",
            json!({"id": "app", "user_id": "1", "name": "A B", "username": "ab", "profile_picture_url": "p"}),
            nothing(),
            ["1", "A B", "ab", "", "p"],
        ),
        (
            "github",
            json!({"id": 583231, "name": "A B", "login": "ab", "email": "typed@x.example", "avatar_url": "p"}),
            emails.clone(),
            ["583231", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "gitlab",
            json!({"id": 1, "name": "A B", "username": "ab", "email": "a@x.example", "avatar_url": "p",
                "confirmed_at": "2020-01-01T00:00:00Z"}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "bitbucket",
            json!({"uuid": "{1}", "display_name": "A B", "username": "ab", "account_status": "active",
                "links": {"avatar": {"href": "p"}}}),
            json!({"values": [
                {"email": "old@x.example", "is_primary": true, "is_confirmed": false},
                {"email": "a@x.example", "is_primary": true, "is_confirmed": true},
            ]}),
            ["{1}", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "gitee",
            json!({"id": 1, "name": "A B", "login": "ab", "avatar_url": "p", "email": "typed@x.example"}),
            json!([
                {"email": "old@x.example", "state": "confirmed", "scope": ["notified"]},
                {"email": "a@x.example", "state": "confirmed", "scope": ["primary", "committed"]},
            ]),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "gitea",
            json!({"id": 1, "full_name": "A B", "login": "ab", "avatar_url": "p", "active": true}),
            emails,
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "discord",
            json!({"id": "1", "global_name": "A B", "username": "ab", "avatar": "h", "email": "a@x.example",
                "verified": true}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "https://cdn.discordapp.com/avatars/1/h.png"],
        ),
        (
            "twitter",
            json!({"data": {"id": "1", "name": "A B", "username": "ab", "profile_image_url": "p",
                "confirmed_email": "a@x.example"}}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "kakao",
            json!({"id": 1, "properties": {"nickname": "ab", "profile_image": "p"},
                "kakao_account": {"email": "a@x.example", "is_email_valid": true, "is_email_verified": true}}),
            nothing(),
            ["1", "", "ab", "a@x.example", "p"],
        ),
        (
            "vk",
            json!({"response": [{"id": 1, "first_name": "A", "last_name": "B", "screen_name": "ab",
                "photo_max": "p"}]}),
            json!({"email": "a@x.example", "user_id": 1}),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "linear",
            json!({"data": {"viewer": {"id": "1", "displayName": "A B", "name": "ab", "email": "a@x.example",
                "avatarUrl": "p", "active": true}}}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "notion",
            json!({"id": "bot", "bot": {"owner": {"user": {"id": "1", "name": "A B", "avatar_url": "p",
                "person": {"email": "a@x.example"}}}}}),
            nothing(),
            ["1", "A B", "", "a@x.example", "p"],
        ),
        (
            "monday",
            json!({"data": {"me": {"id": "1", "enabled": true, "name": "A B", "email": "a@x.example",
                "is_verified": true, "photo_small": "p"}}}),
            nothing(),
            ["1", "A B", "", "a@x.example", "p"],
        ),
        (
            "lark",
            json!({"code": 0, "data": {"union_id": "on_1", "name": "A B", "avatar_url": "p", "email": "typed@x"}}),
            nothing(),
            ["on_1", "A B", "", "", "p"],
        ),
        (
            "box",
            json!({"id": "1", "name": "A B", "login": "a@x.example", "avatar_url": "p", "status": "active"}),
            nothing(),
            ["1", "A B", "", "a@x.example", "p"],
        ),
        (
            "spotify",
            json!({"id": "1", "display_name": "A B", "email": "typed@x.example", "images": [{"url": "p"}]}),
            nothing(),
            ["1", "A B", "", "", "p"],
        ),
        (
            "trakt",
            json!({"user": {"ids": {"uuid": "1", "slug": "ab"}, "name": "A B", "username": "ab",
                "images": {"avatar": {"full": "p"}}}}),
            nothing(),
            ["1", "A B", "ab", "", "p"],
        ),
        (
            "twitch",
            json!({"data": [{"id": "1", "display_name": "A B", "login": "ab", "email": "a@x.example",
                "profile_image_url": "p"}]}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "patreon",
            json!({"data": {"id": "1", "attributes": {"full_name": "A B", "vanity": "ab", "email": "a@x.example",
                "is_email_verified": true, "image_url": "p"}}}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "strava",
            json!({"id": 1, "firstname": "A", "lastname": "B", "username": "ab", "profile": "p"}),
            nothing(),
            ["1", "A B", "ab", "", "p"],
        ),
        (
            "wakatime",
            json!({"data": {"id": "1", "display_name": "A B", "username": "ab", "email": "a@x.example",
                "is_email_confirmed": true, "photo": "p", "photo_public": true}}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
        (
            "livechat",
            json!({"account_id": "1", "name": "A B", "avatar_url": "p", "email": "a@x.example",
                "email_verified": true}),
            nothing(),
            ["1", "A B", "", "a@x.example", "p"],
        ),
        (
            "mailcow",
            json!({"id": "1", "full_name": "A B", "username": "ab@x.example", "email": "ab@x.example", "active": 1}),
            nothing(),
            ["1", "A B", "ab", "ab@x.example", ""],
        ),
        (
            "planningcenter",
            json!({"data": {"id": "1", "attributes": {"name": "A B", "avatar": "p", "status": "active"}}}),
            nothing(),
            ["1", "A B", "", "", "p"],
        ),
        (
            "oidc",
            json!({"sub": "1", "name": "A B", "preferred_username": "ab", "picture": "p", "email": "a@x.example",
                "email_verified": 1, "upn": "typed@x.example"}),
            nothing(),
            ["1", "A B", "ab", "a@x.example", "p"],
        ),
    ]
}

/// The address as [`Client::person`] finds it where it needs no second request but what is given here.
fn email_of(email: Email, answer: &Json, more: &Json) -> String {
    match email {
        Email::Listed(listing) => email_in_list(more, listing),
        other => read_email(other, answer, more),
    }
}

#[test]
fn every_providers_answer_is_read() {
    for (name, answer, more, expect) in answers() {
        let person = &find_provider(name).expect("it is in the table").person;
        let read = [
            text_at(&answer, person.id),
            read(person.name, &answer),
            read(person.username, &answer),
            email_of(person.email, &answer, &more),
            read(person.avatar, &answer),
        ];
        assert_eq!(read, expect, "{name}");
        if let Some((at, wanted)) = person.active {
            assert_eq!(text_at(&answer, at), wanted, "{name}");
        }
    }
    let tested: Vec<&str> = answers().iter().map(|(name, ..)| *name).collect();
    for provider in PROVIDERS.iter().filter(|provider| !provider.name.starts_with("oidc")) {
        assert!(tested.contains(&provider.name), "{} isn't tested", provider.name);
    }
}

#[test]
fn no_provider_gives_an_address_for_an_empty_answer() {
    for provider in &PROVIDERS {
        for answer in [json!({}), json!([]), json!(null), json!("text")] {
            let person = &provider.person;
            assert_eq!(text_at(&answer, person.id), "", "{}", provider.name);
            assert_eq!(email_of(person.email, &answer, &answer), "", "{}", provider.name);
        }
    }
}

/// Each flag that says that an address is verified, taken away or turned round.
#[test]
fn addresses_that_nobody_vouches_for_do_not_count() {
    for (name, answer, more, _) in answers() {
        let person = &find_provider(name).expect("it is in the table").person;
        let (flags, unset) = match person.email {
            Email::IfAll(_, flags) => {
                (flags.to_vec(), vec![json!(null), json!(""), json!(false), json!("false"), json!(0), json!({})])
            }
            Email::IfPresent(_, proof) => (vec![proof], vec![json!(null), json!("")]),
            _ => continue,
        };
        for flag in flags {
            for value in &unset {
                let mut hostile = answer.clone();
                *hostile.pointer_mut(flag).expect("the answer has it") = value.clone();
                assert_eq!(email_of(person.email, &hostile, &more), "", "{name} with {flag} {value}");
            }
        }
    }
    let listed = |list: Json| match find_provider("github").expect("it is in the table").person.email {
        Email::Listed(listing) => email_in_list(&list, listing),
        _ => "not a list".to_owned(),
    };
    for list in [
        json!([{"email": "a@x.example", "primary": true, "verified": false}]),
        json!([{"email": "a@x.example", "primary": false, "verified": true}]),
        json!([{"email": "a@x.example", "primary": true}]),
        json!([{"email": "a@x.example"}, 5, null]),
        json!({"email": "a@x.example", "primary": true, "verified": true}),
    ] {
        assert_eq!(listed(list.clone()), "", "{list}");
    }
}

#[test]
fn texts_that_have_gaps_are_left_out() {
    let discord = find_provider("discord").expect("it is in the table");
    let answer = json!({"id": "1", "username": "ab", "avatar": null});
    assert_eq!(read(discord.person.avatar, &answer), "");
    assert_eq!(read(discord.person.name, &answer), "ab");
    let strava = find_provider("strava").expect("it is in the table");
    assert_eq!(read(strava.person.name, &json!({"firstname": "", "lastname": "B"})), "B");
    let wakatime = find_provider("wakatime").expect("it is in the table");
    assert_eq!(read(wakatime.person.avatar, &json!({"data": {"photo": "p", "photo_public": false}})), "");
}
