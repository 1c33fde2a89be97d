/// A form that was read: small parts lie in memory, large ones in files without a name.
public struct MultipartForm: Sendable {
    public struct Part: Sendable {
        public let head: MultipartHead
        var content = PartContent()

        /// The number of bytes.
        public var size: Int { content.size }

        /// Whether the content outgrew the memory that the form may take.
        public var isInFile: Bool { content.isInFile }

        /// The content. Complexity: O(bytes) where it lies in a file.
        ///
        /// - Throws: `SystemError` where the file cannot be read.
        public func read() throws -> [UInt8] { try content.read() }

        /// The content as text; nil where it is not UTF-8 or cannot be read.
        public var text: String? { (try? read()).flatMap { String(validating: $0, as: UTF8.self) } }
    }

    /// In the order of the body.
    public private(set) var parts: [Part] = []

    private var inMemory = 0
    private let share: MemoryBudget.Share?

    /// - Parameter budget: what bounds all forms together; nil for no such bound.
    init(budget: MemoryBudget?) { share = budget.map(MemoryBudget.Share.init) }

    /// The one part of a name; nil where there is none.
    ///
    /// - Throws: `Problem` 400 naming the field where it came twice.
    public func part(_ name: String) throws -> Part? {
        let found = parts.filter { $0.head.name == name }
        guard found.count <= 1 else { throw Problem.field(name, "Send the field \"\(name)\" once.") }
        return found.first
    }

    /// The one part of a name.
    ///
    /// - Throws: `Problem` 400 naming the field where it is missing or came twice.
    public func require(_ name: String) throws -> Part {
        guard let part = try part(name) else { throw Problem.field(name, "The field \"\(name)\" is missing.") }
        return part
    }

    /// The text of a field, converted; nil where absent.
    ///
    /// - Throws: `Problem` 400 naming the field where it does not convert.
    public func value<Value: LosslessStringConvertible>(_ name: String, as type: Value.Type = Value.self) throws -> Value? {
        guard let part = try part(name) else { return nil }
        guard let value = part.text.flatMap(Value.init) else {
            throw Problem.field(name, "The field \"\(name)\" must be of type \(Value.self).")
        }
        return value
    }

    /// Names in the order of the body, as to refuse those that are not known.
    public var names: [String] { parts.map(\.head.name) }

    /// - Parameter memoryBytes: what all parts together may take of memory.
    mutating func take(_ event: MultipartEvent, memoryBytes: Int) throws(SystemError) {
        switch event {
        case .began(let head): parts.append(Part(head: head))
        case .content(let bytes):
            let last = parts.count - 1
            let before = parts[last].content.memorySize
            let isGranted = share?.hold(inMemory + bytes.count) ?? true
            try parts[last].content.append(bytes, room: isGranted ? memoryBytes - inMemory : 0)
            inMemory += parts[last].content.memorySize - before
            _ = share?.hold(inMemory)
        case .ended, .finished: break
        }
    }
}

extension Request {
    /// Reads the body as a form while it comes, for parts that go to files.
    ///
    /// - Throws: `Problem` 415 for another type, 411 where no body was announced (RFC 9110 §15.5.12), 400 and 413 for a form that breaks
    ///   the grammar or the limits, and whatever `handle` throws.
    public func readMultipart(
        limits: MultipartParser.Limits = MultipartParser.Limits(), _ handle: (MultipartEvent) async throws -> Void
    ) async throws {
        guard body.isPresent else {
            throw Problem(.lengthRequired, detail: "Send a body with its Content-Length, or chunked (RFC 9110 §15.5.12).")
        }
        var parser = try MultipartParser(contentType: contentType, limits: limits)
        if let length = body.declaredLength, length > limits.totalBytes {
            throw Problem(.contentTooLarge, detail: "Keep the form within \(limits.totalBytes) bytes (RFC 9110 §15.5.14).")
        }
        for try await chunk in body {
            for event in try parser.push(chunk[...]) { try await handle(event) }
        }
        try parser.finish()
    }

    /// Reads the body as a form: into memory up to `limits.memoryBytes` and to what the budget has left, other parts into files. Throws as
    /// `readMultipart`, and `SystemError` where a file cannot be written.
    public func multipartForm(
        limits: MultipartParser.Limits = MultipartParser.Limits(), budget: MemoryBudget? = nil
    ) async throws -> MultipartForm {
        var form = MultipartForm(budget: budget)
        try await readMultipart(limits: limits) { try form.take($0, memoryBytes: limits.memoryBytes) }
        return form
    }
}
