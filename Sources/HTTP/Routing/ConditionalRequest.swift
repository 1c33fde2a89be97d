/// Preconditions of a request, in the order of RFC 9110 §13.2.2, and then its byte ranges.
extension Request {
    /// Whether If-None-Match names `tag`, by weak comparison (RFC 9110 §13.1.2). A malformed list matches nothing.
    public func ifNoneMatchNames(_ tag: EntityTag) -> Bool {
        headers["If-None-Match"].flatMap(EntityTagList.init)?.contains(tag) { $0.matchesWeakly($1) } ?? false
    }

    /// Whether If-Match is there and does not name `tag`, by strong comparison (RFC 9110 §13.1.1).
    fileprivate func ifMatchExcludes(_ tag: EntityTag) -> Bool {
        guard let field = headers["If-Match"] else { return false }
        return !(EntityTagList(field)?.contains(tag) { $0.matchesStrongly($1) } ?? false)
    }

    /// The date of a field, in any of the three forms (RFC 9110 §5.6.7); nil where absent or malformed, which is to be ignored.
    fileprivate func date(_ name: String) -> Int? { headers[name].flatMap(HTTPDate.init(text:))?.seconds }

    /// Whether a Range may be applied: If-Range is absent, or names exactly this representation (RFC 9110 §13.1.5).
    fileprivate func ifRangeHolds(_ tag: EntityTag, lastModified: Int?) -> Bool {
        guard let field = headers["If-Range"] else { return true }
        if case .tags(let tags)? = EntityTagList(field) { return tags.count == 1 && tags[0].matchesStrongly(tag) }
        return lastModified != nil && HTTPDate(text: field)?.seconds == lastModified
    }
}

extension Response {
    /// This response with its validators, as the preconditions of the request allow: 412 where If-Match or If-Unmodified-Since fails,
    /// 304 where the client of a GET or HEAD has it already, 206 or 416 where it asks for byte ranges of it (RFC 9110 §13.2.2, §14.2).
    ///
    /// - Parameter lastModified: seconds since 1970, for Last-Modified (RFC 9110 §8.8.2).
    public func conditional(on request: Request, tag: EntityTag, lastModified: Int? = nil) -> Response {
        var response = self
        response.headers["ETag"] = tag.description
        if let lastModified { response.headers["Last-Modified"] = HTTPDate(seconds: lastModified).text }
        guard status == .ok else { return response }

        if request.headers.contains("If-Match") {
            if request.ifMatchExcludes(tag) { return Self.preconditionFailed }
        } else if let date = request.date("If-Unmodified-Since"), let lastModified, lastModified > date {
            return Self.preconditionFailed
        }
        guard request.method == .get || request.method == .head else { return response }
        if request.headers.contains("If-None-Match") {
            if request.ifNoneMatchNames(tag) { return response.notModified }
        } else if let date = request.date("If-Modified-Since"), let lastModified, lastModified <= date {
            return response.notModified
        }
        return response.inRanges(of: request, applicable: request.ifRangeHolds(tag, lastModified: lastModified))
    }

    private static var preconditionFailed: Response {
        Problem(.preconditionFailed, detail: "The representation is another by now (RFC 9110 §13.1).").response
    }

    /// 304 with the fields that a 200 would have had, but those that describe content (RFC 9110 §15.4.5).
    private var notModified: Response {
        var response = self
        response.status = .notModified
        response.body = .empty
        response.headers.remove("Content-Type")
        return response
    }
}
