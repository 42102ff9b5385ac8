//! The route table: every route with what it needs, from which the router, the OpenAPI document and the tests that walk
//! all routes are made. A route can't exist outside of it.

use access::Scope;
use axum::{Router, http::Method, middleware::from_fn_with_state, routing::MethodRouter};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, path::PathItem};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::{App, guard};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody. The reason stands beside the route.
    Public {
        /// Why nobody needs to be known.
        because: &'static str,
    },
    /// Who has this scope.
    Needs(Scope),
}

/// One route.
#[derive(Debug, Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{parameters}`.
    pub path: String,
    /// Who may use it.
    pub access: Access,
    /// True if it is in the OpenAPI document: the API. Screens are not.
    pub documented: bool,
}

/// The table while it is written.
pub struct Table {
    app: App,
    router: Router<App>,
    evaluating: Router,
    receiving: Router<App>,
    routes: Vec<Route>,
    openapi: OpenApi,
}

/// What a table comes to.
pub struct Finished {
    /// All routes but those below.
    pub router: Router,
    /// The routes by which flags are evaluated: they have [a gate of their own](crate::evaluation::gate).
    pub evaluating: Router,
    /// The routes by which alerts come in: they have [a door of their own](crate::alerts::door).
    pub receiving: Router,
    /// Every route there is.
    pub routes: Vec<Route>,
    /// What is said of the documented ones.
    pub openapi: OpenApi,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(app: App, openapi: OpenApi) -> Self {
        Self {
            app,
            router: Router::new(),
            evaluating: Router::new(),
            receiving: Router::new(),
            routes: Vec::new(),
            openapi,
        }
    }

    /// Adds routes of the API: `routes!(handler)` brings path, method and description.
    #[must_use]
    pub fn api(mut self, access: Access, routes: UtoipaMethodRouter<App>) -> Self {
        let (schemas, paths, handler) = routes;
        for path in paths.paths.keys() {
            self.router = self.router.route(path, guarded(&self.app, access, handler.clone()));
        }
        let components = utoipa::openapi::ComponentsBuilder::new().schemas_from_iter(schemas).build();
        self.describe(access, OpenApiBuilder::new().paths(paths).components(Some(components)).build());
        self
    }

    /// Adds the routes by which flags are evaluated, which another crate serves, and what is said of them.
    #[must_use]
    pub fn evaluating(mut self, described: OpenApi, router: Router) -> Self {
        self.describe(Access::Needs(Scope::Evaluate), described);
        self.evaluating = self.evaluating.merge(router);
        self
    }

    /// Adds routes by which alerts come in. Who may is for their handlers, which know where each protocol has its key.
    #[must_use]
    pub fn receiving(mut self, because: &'static str, routes: UtoipaMethodRouter<App>) -> Self {
        let (schemas, paths, handler) = routes;
        for path in paths.paths.keys() {
            self.receiving = self.receiving.route(path, handler.clone());
        }
        let components = utoipa::openapi::ComponentsBuilder::new().schemas_from_iter(schemas).build();
        let described = OpenApiBuilder::new().paths(paths).components(Some(components)).build();
        self.describe(Access::Public { because }, described);
        self
    }

    /// Lists and documents routes.
    fn describe(&mut self, access: Access, mut described: OpenApi) {
        for (path, item) in &mut described.paths.paths {
            for method in methods_of(item) {
                self.routes.push(Route { method, path: path.clone(), access, documented: true });
            }
            document(item, access);
        }
        self.openapi.merge(described);
    }

    /// Adds a screen, or another route that is not part of the documented API.
    #[must_use]
    pub fn screen(mut self, access: Access, method: Method, path: &str, handler: MethodRouter<App>) -> Self {
        self.routes.push(Route { method, path: path.to_owned(), access, documented: false });
        self.router = self.router.route(path, guarded(&self.app, access, handler));
        self
    }

    /// The routers, the list of routes and the OpenAPI document.
    pub fn finish(self) -> Finished {
        let Self { app, router, evaluating, receiving, routes, openapi } = self;
        let receiving = receiving.with_state(app.clone());
        Finished { router: router.with_state(app), evaluating, receiving, routes, openapi }
    }
}

fn guarded(app: &App, access: Access, handler: MethodRouter<App>) -> MethodRouter<App> {
    match access {
        Access::Public { .. } => handler,
        Access::Needs(scope) => handler.route_layer(from_fn_with_state((app.clone(), scope), guard::require)),
    }
}

fn methods_of(item: &PathItem) -> Vec<Method> {
    [
        (&item.get, Method::GET),
        (&item.put, Method::PUT),
        (&item.post, Method::POST),
        (&item.delete, Method::DELETE),
        (&item.patch, Method::PATCH),
    ]
    .into_iter()
    .filter_map(|(operation, method)| operation.as_ref().map(|_| method))
    .collect()
}

/// Every operation can be refused in the same form, and says which scope it needs.
fn document(item: &mut PathItem, access: Access) {
    let operations =
        [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten();
    for operation in operations {
        let problem: Content = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Problem")))).build();
        let refused = ResponseBuilder::new()
            .description("It was refused: see `type` and `fix`.")
            .content("application/problem+json", problem)
            .build();
        operation.responses.responses.entry("default".to_owned()).or_insert(RefOr::T(refused));
        let needs = match access {
            Access::Public { because } => {
                operation.security = Some(Vec::new());
                format!("Needs no token: {because}.")
            }
            Access::Needs(scope) => format!("Needs the scope `{scope}`."),
        };
        let description = operation.description.get_or_insert_default();
        if !description.is_empty() {
            description.push_str("\n\n");
        }
        description.push_str(&needs);
    }
}
