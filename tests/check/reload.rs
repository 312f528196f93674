use mcpmon::check::{Login, Subject, reload};

use crate::fixture::{Reply, serve, stack, subject, unit};

#[tokio::test]
async fn the_programs_own_words_are_passed_on() {
    let said = "failed to reload config: one or more errors occurred\n  rules/a.yml: 3:9: bad\n\n";
    let cases = [
        (Reply::ok(""), Ok(())),
        (
            Reply::status(500, said),
            Err(
                "prometheus refused to reload: failed to reload config: one or more errors occurred\n  rules/a.yml: 3:9: bad",
            ),
        ),
        (
            Reply::status(403, "Lifecycle API is not enabled."),
            Err("prometheus refused to reload: Lifecycle API is not enabled."),
        ),
    ];
    for (reply, expected) in cases {
        let server = serve(move |_, _| reply.clone()).await;
        let (unit, stack) = (unit("prometheus", None), stack());
        let found = reload(&subject(&unit, &stack, server.url())).await;
        assert_eq!(found, expected.map_err(ToOwned::to_owned));
        assert_eq!(server.asked(), ["POST /-/reload"]);
    }
}

#[tokio::test]
async fn a_password_is_used_where_one_is_asked_for_and_a_wrong_one_said_once() {
    let server = serve(|_, head| {
        // `admin:right`
        let right = head.contains("Basic YWRtaW46cmlnaHQ=");
        if right { Reply::ok("{}") } else { Reply::status(401, "{}") }
    })
    .await;
    let mut unit = unit("grafana", None);
    unit.reload.as_mut().unwrap().login = true;
    unit.reload.as_mut().unwrap().post = vec!["/one".to_owned(), "/two".to_owned()];
    let stack = stack();
    let login = |password: &str| Login { user: "admin".to_owned(), password: password.to_owned() };
    let with =
        |password| Subject { login: Some(login(password)), ..subject(&unit, &stack, server.url()) };
    reload(&with("right")).await.unwrap();
    let said = reload(&with("wrong")).await.unwrap_err();
    assert!(said.contains("does not take the password of `admin`"), "{said}");
    assert_eq!(server.asked(), ["POST /one", "POST /two", "POST /one"]);
    assert!(!format!("{:?}", with("right")).contains("right"), "a password is never printed");
}
