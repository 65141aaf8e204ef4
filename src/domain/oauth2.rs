//! The services that people can sign in with.

/// Name in the configuration, name for people, colour of the badge; in the order in which dashboards show them.
pub const PROVIDERS: [(&str, &str, &str); 32] = [
    ("apple", "Apple", "#000000"),
    ("google", "Google", "#4285f4"),
    ("microsoft", "Microsoft", "#00a4ef"),
    ("yandex", "Yandex", "#fc3f1d"),
    ("facebook", "Facebook", "#1877f2"),
    ("instagram2", "Instagram", "#e1306c"),
    ("github", "GitHub", "#24292f"),
    ("gitlab", "GitLab", "#fc6d26"),
    ("bitbucket", "Bitbucket", "#0052cc"),
    ("gitee", "Gitee", "#c71d23"),
    ("gitea", "Gitea/Forgejo", "#609926"),
    ("discord", "Discord", "#5865f2"),
    ("twitter", "X/Twitter", "#000000"),
    ("kakao", "Kakao", "#b59f00"),
    ("vk", "ВКонтакте", "#0077ff"),
    ("linear", "Linear", "#5e6ad2"),
    ("notion", "Notion", "#000000"),
    ("monday", "monday.com", "#ff3d57"),
    ("lark", "Lark", "#3370ff"),
    ("box", "Box", "#0061d5"),
    ("spotify", "Spotify", "#1aa34a"),
    ("trakt", "Trakt", "#ed1c24"),
    ("twitch", "Twitch", "#9146ff"),
    ("patreon", "Patreon", "#f1465a"),
    ("strava", "Strava", "#fc4c02"),
    ("wakatime", "WakaTime", "#000000"),
    ("livechat", "LiveChat", "#ff5100"),
    ("mailcow", "mailcow", "#8a6d00"),
    ("planningcenter", "Planning Center", "#2266f7"),
    ("oidc", "OIDC", "#f78c40"),
    ("oidc2", "OIDC", "#f78c40"),
    ("oidc3", "OIDC", "#f78c40"),
];

/// Whether there is a provider of this name.
pub fn is_known_provider(name: &str) -> bool {
    PROVIDERS.iter().any(|(known, ..)| *known == name)
}
