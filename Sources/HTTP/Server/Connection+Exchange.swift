import Glibc

/// One request on its way through a handler, and its answer.
struct Exchange {
    let id: String
    let method: Method
    let version: Version
    var keepAlive: Bool
    var decoder: BodyDecoder
    /// Where a body goes that was not there when the head was complete.
    var channel: BodyChannel?
    var owesContinue: Bool
    /// The handler has asked for more of the body than it has got.
    var isBodyWanted = false
    var bodyFailed = false
    var bodyBegan: UInt64 = 0
    var bodyBytes = 0
    /// Since when the handler, not the client, keeps the body waiting.
    var pausedSince: UInt64?
    var task: Task<Void, Never>?
    /// Of a streamed answer: its framing, and what is left of its announced length.
    var framing: ResponseEncoder.Framing?
    var remaining = 0
    var writers: [CheckedContinuation<Void, any Error>] = []

    var wantsBody: Bool { isBodyWanted && !bodyFailed && !decoder.hasEnded && framing == nil }

    mutating func resumeWriters() {
        guard !writers.isEmpty else { return }
        let resumed = writers
        writers = []
        for writer in resumed { writer.resume() }
    }

    /// The connection is gone: ends everybody who waits for it.
    mutating func abandon() {
        task?.cancel()
        channel?.finish(.failure(CancellationError()))
        let stopped = writers
        writers = []
        for writer in stopped { writer.resume(throwing: CancellationError()) }
    }
}

extension Connection {
    // MARK: The request

    /// Starts the handler of a request; returns how much of `rest` was its body.
    func begin(_ head: RequestHead, _ rest: UnsafeRawBufferPointer) -> Int {
        let id = core.identity(head.headers["X-Request-Id"])
        var consumed = 0
        var body = RequestBody.none
        let decoder: BodyDecoder
        do { decoder = try BodyDecoder(framing: head.framing, limits: limits) } catch {
            exchange = Exchange(
                id: id, method: head.method, version: head.version, keepAlive: false, decoder: BodyDecoder.ended(limits),
                owesContinue: false)
            refuse(error)
            return rest.count
        }
        pipelined += 1
        // What follows a CONNECT would have been the tunnel's, so nothing after it is a request (RFC 9110 §9.3.6).
        let keepAlive = head.keepAlive && head.method != .connect && pipelined < limits.pipelinedRequests
        exchange = Exchange(
            id: id, method: head.method, version: head.version, keepAlive: keepAlive, decoder: decoder, owesContinue: head.expectsContinue)
        switch head.framing {
        case .none: break
        case .length(let length) where rest.count >= length:
            // All there already: no channel, and no 100 to a client that did not wait (RFC 9110 §10.1.1).
            body = .bytes(Array(rest[..<length]))
            consumed = length
            exchange!.decoder = BodyDecoder.ended(limits)
        case .length(let length): body = RequestBody(source: .channel(openChannel()), declaredLength: length)
        case .chunked: body = RequestBody(source: .channel(openChannel()), declaredLength: nil)
        }
        phase = .handling
        var request = Request(head: head, body: body, id: id, remoteAddress: remoteAddress, logger: core.logger)
        let resolution = core.resolve(&request)
        if let response = resolution.begin(&request) {
            respond(response)
        } else {
            exchange!.task = Task { [self, request] in
                let response = await resolution.answer(request)
                loop.execute { self.respond(response) }
            }
        }
        return consumed
    }

    private func openChannel() -> BodyChannel {
        exchange!.bodyBegan = loop.clock.now
        exchange!.pausedSince = loop.clock.now
        let channel = BodyChannel(capacity: limits.bufferBytes) { [weak self] in
            guard let connection = self else { return }
            connection.loop.execute { connection.bodyDemanded() }
        }
        exchange!.channel = channel
        return channel
    }

    /// The handler reads: let the client go on.
    private func bodyDemanded() {
        guard phase == .handling, exchange?.channel != nil else { return }
        if exchange!.owesContinue {
            exchange!.owesContinue = false
            output.append(ResponseEncoder.goOn)
            lastProgress = loop.clock.now
            flush()
            guard phase == .handling else { return }
        }
        exchange!.isBodyWanted = true
        if let since = exchange!.pausedSince {
            exchange!.bodyBegan += loop.clock.now - since
            exchange!.pausedSince = nil
        }
        pump()
    }

    /// Decodes what came of the body and passes it on in one piece; returns how much was consumed.
    func takeBody(_ input: UnsafeRawBufferPointer) -> Int {
        guard exchange?.wantsBody == true, let channel = exchange?.channel else { return 0 }
        var start = 0
        var content: [UInt8] = []
        do {
            while true {
                let step = try exchange!.decoder.decode(UnsafeRawBufferPointer(rebasing: input[start...]))
                if let range = step.content {
                    if content.isEmpty { content.reserveCapacity(input.count - start) }
                    content.append(contentsOf: input[(start + range.lowerBound)..<(start + range.upperBound)])
                }
                start += step.consumed
                if step.ended || step.content == nil { break }
            }
        } catch {
            failBody(error)
            return input.count
        }
        exchange!.bodyBytes += content.count
        if !content.isEmpty && !channel.offer(content) {
            exchange!.isBodyWanted = false
            exchange!.pausedSince = loop.clock.now
        }
        if exchange!.decoder.hasEnded { channel.finish() }
        return start
    }

    /// The rest of the body cannot be had: its reader gets the refusal, and the connection ends with the answer.
    func failBody(_ refusal: Refusal) {
        guard exchange != nil, !exchange!.bodyFailed else { return }
        core.logRefusal(refusal, id: exchange!.id)
        exchange!.bodyFailed = true
        exchange!.keepAlive = false
        exchange!.channel?.finish(.failure(refusal.problem))
    }

    // MARK: The response

    /// Sends the handler's answer.
    private func respond(_ response: Response) {
        guard phase == .handling, exchange != nil, exchange!.framing == nil else { return }
        let framing = ResponseEncoder.framing(response, version: exchange!.version)
        // RFC 9112 §9.3: what was not read of the body would be taken for the next request.
        let isRead = exchange!.decoder.hasEnded && !exchange!.bodyFailed
        let keepAlive = exchange!.keepAlive && isRead && !core.isDraining && framing != .close
        exchange!.keepAlive = keepAlive
        exchange!.framing = framing
        // A small body goes out behind its head, in one write.
        let room = if case .bytes(let bytes) = response.body, bytes.count <= 4096 { bytes.count } else { 0 }
        var head = ResponseEncoder.head(
            response, framing: framing, version: exchange!.version, keepAlive: keepAlive, id: exchange!.id, date: loop.clock.date,
            capacity: room)
        lastProgress = loop.clock.now
        // RFC 9110 §9.3.2: HEAD has the head of GET and no content.
        guard exchange!.method != .head, framing != .none else {
            output.append(head)
            return complete()
        }
        switch response.body {
        case .empty: output.append(head)
        case .bytes(let bytes) where bytes.count == room:
            head.append(contentsOf: bytes)
            output.append(head)
        case .bytes(let bytes):
            output.append(head)
            output.append(bytes)
        case .stream(let length, let produce):
            output.append(head)
            exchange!.remaining = length ?? .max
            flush()
            if phase == .handling { exchange!.task = stream(produce) }
            return
        }
        complete()
    }

    /// The answer is complete: the next request, or the end.
    private func complete() {
        let keepAlive = exchange!.keepAlive
        exchange = nil
        if keepAlive {
            next()
            flush()
        } else {
            finish()
        }
        pump()
    }

    // MARK: Streamed content

    private func stream(_ produce: @escaping @Sendable (BodyWriter) async throws -> Void) -> Task<Void, Never> {
        let writer = BodyWriter { [self] bytes in
            try await withCheckedThrowingContinuation { continuation in
                loop.execute { self.write(bytes, continuation) }
            }
        }
        return Task { [self] in
            do {
                try await produce(writer)
                loop.execute { self.endStream(failed: false) }
            } catch { loop.execute { self.endStream(failed: true) } }
        }
    }

    private func write(_ bytes: [UInt8], _ continuation: CheckedContinuation<Void, any Error>) {
        guard phase == .handling, let framing = exchange?.framing, bytes.count <= exchange!.remaining else {
            // More than was announced cannot be sent: it would be read as the next answer.
            if phase == .handling { close(reset: true) }
            return continuation.resume(throwing: CancellationError())
        }
        exchange!.remaining -= bytes.count
        if output.isEmpty { lastProgress = loop.clock.now }
        output.append(framing == .chunked ? ResponseEncoder.chunk(bytes) : bytes)
        exchange!.writers.append(continuation)
        flush()
    }

    private func endStream(failed: Bool) {
        guard phase == .handling, let framing = exchange?.framing else { return }
        if case .length = framing, exchange!.remaining > 0 { return close(reset: true) }
        if failed { return close(reset: true) }
        if framing == .chunked { output.append(ResponseEncoder.lastChunk) }
        complete()
    }
}
