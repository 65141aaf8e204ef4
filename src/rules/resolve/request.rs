//! `@request.*`: values that are known before the statement runs, and joins that start from them.

use super::*;

impl Resolver<'_> {
    pub(super) fn request_path(&mut self, path: &Path) -> Result<Operand, ParseError> {
        if self.scope.trust == Trust::Client {
            return Err(error("`@request` isn't available here", &path.span));
        }
        let segments: Vec<&str> = path.segments.iter().skip(1).map(String::as_str).collect();
        let modifier = path.modifier.as_deref();
        match segments.as_slice() {
            ["context"] => self.bound(Bind::Context, modifier, path),
            ["method"] => self.bound(Bind::Method, modifier, path),
            ["query", key @ ..] if !key.is_empty() => {
                self.keyed(Part::Query, Bind::Query(key.join(".")), key, modifier, path)
            }
            ["headers", key @ ..] if !key.is_empty() => {
                self.keyed(Part::Headers, Bind::Header(key.join(".")), key, modifier, path)
            }
            ["auth", first, ..] => self.auth_path(first, &path.segments[3..], path),
            ["body", first, ..] => self.body_path(first, &path.segments[3..], path),
            _ => Err(error("there is no such part of a request", &path.span)),
        }
    }

    /// A bind, in lower case if asked.
    fn bound(&self, bind: Bind, modifier: Option<&str>, path: &Path) -> Result<Operand, ParseError> {
        let bind = match modifier {
            None => bind,
            Some("lower") => Bind::Lower(Box::new(bind)),
            Some(_) => return Err(error("there is no such modifier here", &path.span)),
        };
        Ok(Operand { scalar: Scalar::Bind(bind), nulls: Nulls::AsEmpty, visible_on: None })
    }

    fn keyed(
        &self,
        part: Part,
        bind: Bind,
        key: &[&str],
        modifier: Option<&str>,
        path: &Path,
    ) -> Result<Operand, ParseError> {
        match modifier {
            Some("isset") => Ok(is_set(part, &key.join("."))),
            other => self.bound(bind, other, path),
        }
    }

    /// `@request.auth.first.rest…`: a value of the signed-in record, or a path that starts from it.
    fn auth_path(&mut self, first: &str, rest: &[String], path: &Path) -> Result<Operand, ParseError> {
        let modifier = path.modifier.as_deref();
        let Some(auth) = self.scope.auth.cloned() else {
            return self.null_for_missing(modifier, path);
        };
        match (first, rest) {
            ("collectionId", []) => return self.bound(Bind::AuthCollectionId, modifier, path),
            ("collectionName", []) => return self.bound(Bind::AuthCollectionName, modifier, path),
            _ => {}
        }
        let Some(position) = auth.position(first) else {
            return self.auth_back_relation(&auth, first, rest, path);
        };
        if (first, rest, modifier) == ("id", &[], None) {
            // Whoever is signed in has one, and statements are simpler where a value can't be empty.
            let scalar = Scalar::Bind(Bind::Auth(position, Vec::new()));
            return Ok(Operand { scalar, nulls: Nulls::Never, visible_on: None });
        }
        let field = &auth.fields[position];
        let value = Bind::Auth(position, Vec::new());
        match &field.kind {
            FieldKind::Relation(_) if rest == ["id"] && !field.is_multiple() => self.bound(value, modifier, path),
            FieldKind::Relation(relation) if !rest.is_empty() => {
                let Some(target) = self.find_by_id(&relation.collection_id) else {
                    return self.null_for_missing(modifier, path);
                };
                self.related(value, field.is_multiple(), target, &format!("@request.auth.{first}"), rest, path)
            }
            _ if rest.is_empty() => self.value_of_field(value, field.is_multiple(), "auth", first, path),
            FieldKind::Json(_) | FieldKind::GeoPoint(_) => {
                self.bound(Bind::Auth(position, rest.to_vec()), modifier, path)
            }
            _ => self.null_for_missing(modifier, path),
        }
    }

    fn auth_back_relation(
        &mut self,
        auth: &Arc<Collection>,
        first: &str,
        rest: &[String],
        path: &Path,
    ) -> Result<Operand, ParseError> {
        let modifier = path.modifier.as_deref();
        let found = first.split_once("_via_").and_then(|(name, via)| {
            let referring = self.find_collection(name)?;
            let field = referring.position(via)?;
            referring.fields[field].as_relation().filter(|relation| relation.collection_id == auth.id)?;
            Some((referring, field))
        });
        let (Some((referring, field)), false) = (found, rest.is_empty()) else {
            return self.null_for_missing(modifier, path);
        };
        let list = referring.fields[field].is_multiple();
        let multi = list || !referring.has_unique_index_on(&referring.fields[field].name);
        let origin = Origin::Bind(Bind::Auth(auth.position("id").unwrap_or_default(), Vec::new()));
        let kind = SourceKind::Referring { origin, field, list };
        self.joined(kind, multi, referring, &format!("@request.auth.{first}"), rest, path)
    }

    /// `@request.body.first.rest…`: a submitted value, or a path that starts from it.
    fn body_path(&mut self, first: &str, rest: &[String], path: &Path) -> Result<Operand, ParseError> {
        let modifier = path.modifier.as_deref();
        if modifier == Some("isset") && rest.is_empty() {
            return Ok(is_set(Part::Body, first));
        }
        let value = Bind::Body(first.to_owned(), rest.to_vec());
        let Some(position) = self.scope.collection.position(first) else {
            return match modifier {
                Some("length" | "each" | "changed") => Err(error("only a field has this modifier", &path.span)),
                other => self.bound(value, other, path),
            };
        };
        let collection = self.scope.collection.clone();
        let field = &collection.fields[position];
        if modifier == Some("changed") && rest.is_empty() {
            let submitted = Bind::IsSet(Part::Body, first.to_owned());
            let scalar = Scalar::Changed { submitted, value: Bind::Submitted(position), field: position };
            return Ok(Operand { scalar, nulls: Nulls::Never, visible_on: None });
        }
        match &field.kind {
            FieldKind::Relation(relation) if !rest.is_empty() => {
                let Some(target) = self.find_by_id(&relation.collection_id) else {
                    return self.null_for_missing(modifier, path);
                };
                let value = Bind::Body(first.to_owned(), Vec::new());
                self.related(value, field.is_multiple(), target, &format!("@request.body.{first}"), rest, path)
            }
            _ if rest.is_empty() => self.value_of_field(value, field.is_multiple(), "body", first, path),
            _ => self.bound(value, modifier, path),
        }
    }

    /// A whole field of the signed-in record or of the body, with the modifiers of lists.
    fn value_of_field(
        &mut self,
        value: Bind,
        multiple: bool,
        part: &str,
        name: &str,
        path: &Path,
    ) -> Result<Operand, ParseError> {
        let kind = match part {
            "body" => self.scope.collection.field(name).map(|field| &field.kind),
            _ => self.scope.auth.and_then(|auth| auth.field(name)).map(|field| &field.kind),
        };
        let listed = matches!(kind, Some(FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_)));
        match path.modifier.as_deref() {
            Some("length") if listed => self.bound(Bind::Length(Box::new(value)), None, path),
            Some("each") if listed && multiple => {
                let prefix = format!("@request.{part}.{name}");
                let collection = self.scope.collection.clone();
                let each = self.each(&prefix, Origin::Bind(value), &collection, &path.span)?;
                Ok(Operand { scalar: Scalar::Element(each), nulls: Nulls::AsEmpty, visible_on: None })
            }
            Some("each") if listed => self.bound(value, None, path),
            other => self.bound(value, other, path),
        }
    }

    /// A path that goes on through a relation whose value is known beforehand.
    fn related(
        &mut self,
        value: Bind,
        list: bool,
        target: Arc<Collection>,
        prefix: &str,
        rest: &[String],
        path: &Path,
    ) -> Result<Operand, ParseError> {
        let origin = match list {
            true => {
                let collection = self.scope.collection.clone();
                Origin::Element(self.each(prefix, Origin::Bind(value), &collection, &path.span)?)
            }
            false => Origin::Bind(value),
        };
        self.joined(SourceKind::Related(origin), list, target, prefix, rest, path)
    }

    fn joined(
        &mut self,
        kind: SourceKind,
        multi: bool,
        target: Arc<Collection>,
        prefix: &str,
        rest: &[String],
        path: &Path,
    ) -> Result<Operand, ParseError> {
        let source = self.source(prefix, kind, target, multi, &path.span)?;
        let walk = Walk {
            source,
            segments: rest,
            modifier: path.modifier.as_deref(),
            hops: 1,
            span: path.span.clone(),
            prefix: prefix.to_owned(),
        };
        // What the signed-in record lacks is NULL rather than an error: collections differ in their fields.
        match self.walk(walk) {
            Err(_) if prefix.starts_with("@request.auth") => self.null_for_missing(path.modifier.as_deref(), path),
            other => other,
        }
    }

    fn null_for_missing(&self, modifier: Option<&str>, path: &Path) -> Result<Operand, ParseError> {
        match modifier {
            None | Some("lower" | "length" | "each") => {
                let scalar = Scalar::Bind(Bind::Const(SqlValue::Null));
                Ok(Operand { scalar, nulls: Nulls::Empty(EmptyLiteral::Null), visible_on: None })
            }
            Some(_) => Err(error("there is no such modifier here", &path.span)),
        }
    }
}

fn is_set(part: Part, key: &str) -> Operand {
    let scalar = Scalar::Bind(Bind::IsSet(part, key.to_owned()));
    Operand { scalar, nulls: Nulls::Never, visible_on: None }
}
