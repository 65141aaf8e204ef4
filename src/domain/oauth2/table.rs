//! The table of providers, in the order in which dashboards show them.

use super::{Asked, Email, Keys, Listing, Person, Provider, Text};

/// What most entries have in common.
const PLAIN: Provider = Provider {
    name: "",
    display_name: "",
    colour: "#000000",
    auth_url: "",
    token_url: "",
    user_info_url: "",
    scopes: &[],
    pkce: true,
    auth_params: &[],
    asked: Asked::Get(&[]),
    person: NOBODY,
};

const NOBODY: Person =
    Person { id: "/id", name: Text::No, username: Text::No, email: Email::No, avatar: Text::No, active: None };

/// The addresses of an account on GitHub and those that took after it.
const PRIMARY_AND_VERIFIED: Email = Email::Listed(Listing {
    beside: "",
    list: "",
    address: "/email",
    wanted: &[("/primary", "true"), ("/verified", "true")],
});

/// OpenID Connect Core 1.0, section 5.1.
const OPENID: Provider = Provider {
    display_name: "OIDC",
    colour: "#f78c40",
    scopes: &["openid", "email", "profile"],
    asked: Asked::OpenId,
    person: Person {
        id: "/sub",
        name: Text::At("/name"),
        username: Text::At("/preferred_username"),
        email: Email::IfAll("/email", &["/email_verified"]),
        avatar: Text::At("/picture"),
        active: None,
    },
    ..PLAIN
};

/// All providers.
pub static PROVIDERS: [Provider; 32] = [
    Provider {
        name: "apple",
        display_name: "Apple",
        auth_url: "https://appleid.apple.com/auth/authorize",
        token_url: "https://appleid.apple.com/auth/token",
        scopes: &["name", "email"],
        auth_params: &[("response_mode", "form_post")],
        asked: Asked::IdToken(Keys {
            issuer: "https://appleid.apple.com",
            jwks_url: "https://appleid.apple.com/auth/keys",
        }),
        person: Person {
            id: "/sub",
            name: Text::At("/name"),
            email: Email::IfAll("/email", &["/email_verified"]),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "google",
        display_name: "Google",
        colour: "#4285f4",
        auth_url: "https://accounts.google.com/o/oauth2/v2/auth",
        token_url: "https://oauth2.googleapis.com/token",
        user_info_url: "https://www.googleapis.com/oauth2/v3/userinfo",
        scopes: &["https://www.googleapis.com/auth/userinfo.profile", "https://www.googleapis.com/auth/userinfo.email"],
        person: Person {
            id: "/sub",
            name: Text::At("/name"),
            email: Email::IfAll("/email", &["/email_verified"]),
            avatar: Text::At("/picture"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "microsoft",
        display_name: "Microsoft",
        colour: "#00a4ef",
        auth_url: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token_url: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        user_info_url: "https://graph.microsoft.com/v1.0/me",
        scopes: &["User.Read"],
        person: Person { name: Text::At("/displayName"), email: Email::Microsoft, ..NOBODY },
        ..PLAIN
    },
    Provider {
        name: "yandex",
        display_name: "Yandex",
        colour: "#fc3f1d",
        auth_url: "https://oauth.yandex.com/authorize",
        token_url: "https://oauth.yandex.com/token",
        user_info_url: "https://login.yandex.ru/info",
        scopes: &["login:email", "login:avatar", "login:info"],
        person: Person {
            name: Text::At("/real_name"),
            username: Text::At("/login"),
            email: Email::Verified("/default_email"),
            avatar: Text::Filled("https://avatars.yandex.net/get-yapic/{/default_avatar_id}/islands-200"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "facebook",
        display_name: "Facebook",
        colour: "#1877f2",
        auth_url: "https://www.facebook.com/v3.2/dialog/oauth",
        token_url: "https://graph.facebook.com/v3.2/oauth/access_token",
        user_info_url: "https://graph.facebook.com/me?fields=name,email,picture.type(large)",
        scopes: &["email"],
        person: Person {
            name: Text::At("/name"),
            email: Email::Verified("/email"),
            avatar: Text::At("/picture/data/url"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "instagram2",
        display_name: "Instagram",
        colour: "#e1306c",
        auth_url: "https://www.instagram.com/oauth/authorize",
        token_url: "https://api.instagram.com/oauth/access_token",
        user_info_url: "https://graph.instagram.com/me?fields=id,username,account_type,user_id,name,\
                        profile_picture_url,followers_count,follows_count,media_count",
        scopes: &["instagram_business_basic"],
        person: Person {
            id: "/user_id",
            name: Text::At("/name"),
            username: Text::At("/username"),
            avatar: Text::At("/profile_picture_url"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "github",
        display_name: "GitHub",
        colour: "#24292f",
        auth_url: "https://github.com/login/oauth/authorize",
        token_url: "https://github.com/login/oauth/access_token",
        user_info_url: "https://api.github.com/user",
        scopes: &["read:user", "user:email"],
        person: Person {
            name: Text::At("/name"),
            username: Text::At("/login"),
            email: PRIMARY_AND_VERIFIED,
            avatar: Text::At("/avatar_url"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "gitlab",
        display_name: "GitLab",
        colour: "#fc6d26",
        auth_url: "https://gitlab.com/oauth/authorize",
        token_url: "https://gitlab.com/oauth/token",
        user_info_url: "https://gitlab.com/api/v4/user",
        scopes: &["read_user"],
        person: Person {
            name: Text::At("/name"),
            username: Text::At("/username"),
            email: Email::IfPresent("/email", "/confirmed_at"),
            avatar: Text::At("/avatar_url"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "bitbucket",
        display_name: "Bitbucket",
        colour: "#0052cc",
        auth_url: "https://bitbucket.org/site/oauth2/authorize",
        token_url: "https://bitbucket.org/site/oauth2/access_token",
        user_info_url: "https://api.bitbucket.org/2.0/user",
        scopes: &["account"],
        pkce: false,
        person: Person {
            id: "/uuid",
            name: Text::At("/display_name"),
            username: Text::At("/username"),
            email: Email::Listed(Listing {
                beside: "",
                list: "/values",
                address: "/email",
                wanted: &[("/is_primary", "true"), ("/is_confirmed", "true")],
            }),
            avatar: Text::At("/links/avatar/href"),
            active: Some(("/account_status", "active")),
        },
        ..PLAIN
    },
    Provider {
        name: "gitee",
        display_name: "Gitee",
        colour: "#c71d23",
        auth_url: "https://gitee.com/oauth/authorize",
        token_url: "https://gitee.com/oauth/token",
        user_info_url: "https://gitee.com/api/v5/user",
        scopes: &["user_info", "emails"],
        person: Person {
            name: Text::At("/name"),
            username: Text::At("/login"),
            email: Email::Listed(Listing {
                beside: "/user",
                list: "",
                address: "/email",
                wanted: &[("/scope", "primary"), ("/state", "confirmed")],
            }),
            avatar: Text::At("/avatar_url"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "gitea",
        display_name: "Gitea/Forgejo",
        colour: "#609926",
        auth_url: "https://gitea.com/login/oauth/authorize",
        token_url: "https://gitea.com/login/oauth/access_token",
        user_info_url: "https://gitea.com/api/v1/user",
        scopes: &["read:user", "user:email"],
        person: Person {
            name: Text::At("/full_name"),
            username: Text::At("/login"),
            email: PRIMARY_AND_VERIFIED,
            avatar: Text::At("/avatar_url"),
            active: Some(("/active", "true")),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "discord",
        display_name: "Discord",
        colour: "#5865f2",
        auth_url: "https://discord.com/api/oauth2/authorize",
        token_url: "https://discord.com/api/oauth2/token",
        user_info_url: "https://discord.com/api/users/@me",
        scopes: &["identify", "email"],
        person: Person {
            name: Text::First(&["/global_name", "/username"]),
            username: Text::At("/username"),
            email: Email::IfAll("/email", &["/verified"]),
            avatar: Text::Filled("https://cdn.discordapp.com/avatars/{/id}/{/avatar}.png"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "twitter",
        display_name: "X/Twitter",
        auth_url: "https://x.com/i/oauth2/authorize",
        token_url: "https://api.x.com/2/oauth2/token",
        user_info_url: "https://api.x.com/2/users/me?user.fields=id,name,username,profile_image_url,confirmed_email",
        scopes: &["users.read", "users.email", "tweet.read"],
        person: Person {
            id: "/data/id",
            name: Text::At("/data/name"),
            username: Text::At("/data/username"),
            email: Email::Verified("/data/confirmed_email"),
            avatar: Text::At("/data/profile_image_url"),
            active: None,
        },
        ..PLAIN
    },
    Provider {
        name: "kakao",
        display_name: "Kakao",
        colour: "#b59f00",
        auth_url: "https://kauth.kakao.com/oauth/authorize",
        token_url: "https://kauth.kakao.com/oauth/token",
        user_info_url: "https://kapi.kakao.com/v2/user/me",
        scopes: &["account_email", "profile_nickname", "profile_image"],
        person: Person {
            username: Text::At("/properties/nickname"),
            email: Email::IfAll(
                "/kakao_account/email",
                &["/kakao_account/is_email_valid", "/kakao_account/is_email_verified"],
            ),
            avatar: Text::At("/properties/profile_image"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "vk",
        display_name: "ВКонтакте",
        colour: "#0077ff",
        auth_url: "https://oauth.vk.com/authorize",
        token_url: "https://oauth.vk.com/access_token",
        user_info_url: "https://api.vk.com/method/users.get?fields=photo_max,screen_name&v=5.131",
        scopes: &["email"],
        pkce: false,
        person: Person {
            id: "/response/0/id",
            name: Text::Words(&["/response/0/first_name", "/response/0/last_name"]),
            username: Text::At("/response/0/screen_name"),
            email: Email::WithToken("/email"),
            avatar: Text::At("/response/0/photo_max"),
            active: None,
        },
        ..PLAIN
    },
    Provider {
        name: "linear",
        display_name: "Linear",
        colour: "#5e6ad2",
        auth_url: "https://linear.app/oauth/authorize",
        token_url: "https://api.linear.app/oauth/token",
        user_info_url: "https://api.linear.app/graphql",
        scopes: &["read"],
        pkce: false,
        asked: Asked::GraphQl("query Me { viewer { id displayName name email avatarUrl active } }"),
        person: Person {
            id: "/data/viewer/id",
            name: Text::At("/data/viewer/displayName"),
            username: Text::At("/data/viewer/name"),
            email: Email::Verified("/data/viewer/email"),
            avatar: Text::At("/data/viewer/avatarUrl"),
            active: Some(("/data/viewer/active", "true")),
        },
        ..PLAIN
    },
    Provider {
        name: "notion",
        display_name: "Notion",
        auth_url: "https://api.notion.com/v1/oauth/authorize",
        token_url: "https://api.notion.com/v1/oauth/token",
        user_info_url: "https://api.notion.com/v1/users/me",
        asked: Asked::Get(&[("Notion-Version", "2022-06-28")]),
        person: Person {
            id: "/bot/owner/user/id",
            name: Text::At("/bot/owner/user/name"),
            email: Email::Verified("/bot/owner/user/person/email"),
            avatar: Text::At("/bot/owner/user/avatar_url"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "monday",
        display_name: "monday.com",
        colour: "#ff3d57",
        auth_url: "https://auth.monday.com/oauth2/authorize",
        token_url: "https://auth.monday.com/oauth2/token",
        user_info_url: "https://api.monday.com/v2",
        scopes: &["me:read"],
        asked: Asked::GraphQl("query { me { id enabled name email is_verified photo_small } }"),
        person: Person {
            id: "/data/me/id",
            name: Text::At("/data/me/name"),
            email: Email::IfAll("/data/me/email", &["/data/me/is_verified"]),
            avatar: Text::At("/data/me/photo_small"),
            active: Some(("/data/me/enabled", "true")),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "lark",
        display_name: "Lark",
        colour: "#3370ff",
        auth_url: "https://accounts.feishu.cn/open-apis/authen/v1/authorize",
        token_url: "https://open.feishu.cn/open-apis/authen/v2/oauth/token",
        user_info_url: "https://open.feishu.cn/open-apis/authen/v1/user_info",
        person: Person {
            id: "/data/union_id",
            name: Text::At("/data/name"),
            avatar: Text::At("/data/avatar_url"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "box",
        display_name: "Box",
        colour: "#0061d5",
        auth_url: "https://account.box.com/api/oauth2/authorize",
        token_url: "https://api.box.com/oauth2/token",
        user_info_url: "https://api.box.com/2.0/users/me",
        scopes: &["root_readonly"],
        person: Person {
            name: Text::At("/name"),
            email: Email::Verified("/login"),
            avatar: Text::At("/avatar_url"),
            active: Some(("/status", "active")),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "spotify",
        display_name: "Spotify",
        colour: "#1aa34a",
        auth_url: "https://accounts.spotify.com/authorize",
        token_url: "https://accounts.spotify.com/api/token",
        user_info_url: "https://api.spotify.com/v1/me",
        // An address is only what somebody typed there, so it isn't even asked for.
        scopes: &["user-read-private"],
        person: Person { name: Text::At("/display_name"), avatar: Text::At("/images/0/url"), ..NOBODY },
        ..PLAIN
    },
    Provider {
        name: "trakt",
        display_name: "Trakt",
        colour: "#ed1c24",
        auth_url: "https://trakt.tv/oauth/authorize",
        token_url: "https://api.trakt.tv/oauth/token",
        user_info_url: "https://api.trakt.tv/users/settings",
        asked: Asked::Get(&[("trakt-api-key", "{clientId}"), ("trakt-api-version", "2")]),
        person: Person {
            id: "/user/ids/uuid",
            name: Text::At("/user/name"),
            username: Text::At("/user/username"),
            avatar: Text::At("/user/images/avatar/full"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "twitch",
        display_name: "Twitch",
        colour: "#9146ff",
        auth_url: "https://id.twitch.tv/oauth2/authorize",
        token_url: "https://id.twitch.tv/oauth2/token",
        user_info_url: "https://api.twitch.tv/helix/users",
        scopes: &["user:read:email"],
        asked: Asked::Get(&[("Client-Id", "{clientId}")]),
        person: Person {
            id: "/data/0/id",
            name: Text::At("/data/0/display_name"),
            username: Text::At("/data/0/login"),
            email: Email::Verified("/data/0/email"),
            avatar: Text::At("/data/0/profile_image_url"),
            active: None,
        },
        ..PLAIN
    },
    Provider {
        name: "patreon",
        display_name: "Patreon",
        colour: "#f1465a",
        auth_url: "https://www.patreon.com/oauth2/authorize",
        token_url: "https://www.patreon.com/api/oauth2/token",
        user_info_url: "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=full_name,email,vanity,\
                        image_url,is_email_verified",
        scopes: &["identity", "identity[email]"],
        person: Person {
            id: "/data/id",
            name: Text::At("/data/attributes/full_name"),
            username: Text::At("/data/attributes/vanity"),
            email: Email::IfAll("/data/attributes/email", &["/data/attributes/is_email_verified"]),
            avatar: Text::At("/data/attributes/image_url"),
            active: None,
        },
        ..PLAIN
    },
    Provider {
        name: "strava",
        display_name: "Strava",
        colour: "#fc4c02",
        auth_url: "https://www.strava.com/oauth/authorize",
        token_url: "https://www.strava.com/api/v3/oauth/token",
        user_info_url: "https://www.strava.com/api/v3/athlete",
        scopes: &["profile:read_all"],
        person: Person {
            name: Text::Words(&["/firstname", "/lastname"]),
            username: Text::At("/username"),
            avatar: Text::At("/profile"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "wakatime",
        display_name: "WakaTime",
        auth_url: "https://wakatime.com/oauth/authorize",
        token_url: "https://wakatime.com/oauth/token",
        user_info_url: "https://wakatime.com/api/v1/users/current",
        scopes: &["email"],
        person: Person {
            id: "/data/id",
            name: Text::At("/data/display_name"),
            username: Text::At("/data/username"),
            email: Email::IfAll("/data/email", &["/data/is_email_confirmed"]),
            avatar: Text::If("/data/photo", "/data/photo_public"),
            active: None,
        },
        ..PLAIN
    },
    Provider {
        name: "livechat",
        display_name: "LiveChat",
        colour: "#ff5100",
        auth_url: "https://accounts.livechat.com/",
        token_url: "https://accounts.livechat.com/token",
        user_info_url: "https://accounts.livechat.com/v2/accounts/me",
        person: Person {
            id: "/account_id",
            name: Text::At("/name"),
            email: Email::IfAll("/email", &["/email_verified"]),
            avatar: Text::At("/avatar_url"),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "mailcow",
        display_name: "mailcow",
        colour: "#8a6d00",
        scopes: &["profile"],
        person: Person {
            name: Text::At("/full_name"),
            username: Text::LocalPart("/username"),
            email: Email::Verified("/email"),
            active: Some(("/active", "1")),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider {
        name: "planningcenter",
        display_name: "Planning Center",
        colour: "#2266f7",
        auth_url: "https://api.planningcenteronline.com/oauth/authorize",
        token_url: "https://api.planningcenteronline.com/oauth/token",
        user_info_url: "https://api.planningcenteronline.com/people/v2/me",
        scopes: &["people"],
        person: Person {
            id: "/data/id",
            name: Text::At("/data/attributes/name"),
            avatar: Text::At("/data/attributes/avatar"),
            active: Some(("/data/attributes/status", "active")),
            ..NOBODY
        },
        ..PLAIN
    },
    Provider { name: "oidc", ..OPENID },
    Provider { name: "oidc2", ..OPENID },
    Provider { name: "oidc3", ..OPENID },
];
