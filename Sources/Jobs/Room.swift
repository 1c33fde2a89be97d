import Foundation
import GRDB

/// The room that a job takes in the store's file, in pages of 4096 bytes.
///
/// Acceptance is a promise, and a promise needs room for the outcome: were the store filled with inputs to the brim, no job could end and
/// nothing could ever be deleted. So a job is accepted only where it fits with its outcome, beside the outcomes of all that are unfinished.
struct Room {
    /// All pages, at most.
    let pages: Int
    /// Of these, those that the outcome will take.
    let reserved: Int

    static let pageSize = 4096
    /// What rearranging a full file may take for a moment.
    static let spare = 8
    /// The log's pages beside those of the largest job: it is brought into the file when it has a thousand, and erasing moves some hundreds
    /// more at a time.
    static let log = 2048

    init(for request: JobRequest) {
        reserved = request.outcomeBytes.map(Self.pages(ofBlob:)).reduce(0, +)
        let stored = request.inputs.values.map(\.count) + [request.parameters.count]
        pages = reserved + Self.row + stored.map(Self.pages(ofBlob:)).reduce(0, +)
    }

    /// A job's row and its entries in the indexes.
    private static let row = 2

    /// What a blob takes at most: 4092 bytes fill a page, its padding takes another, its beginning lies on a page of the table, and the
    /// index of blobs and the file's own bookkeeping have a share.
    private static func pages(ofBlob bytes: Int) -> Int { bytes / 4000 + 4 }
}

extension JobStore {
    /// - Throws: `storageFull` where a job of that size might not fit: into the store's largest size, or on the disk with enough left for
    ///   the log, without which nothing could be deleted.
    /// - Complexity: O(unfinished jobs), on an index alone.
    func require(_ room: Room, _ db: Database) throws {
        func number(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }
        let used = try number("PRAGMA page_count") - number("PRAGMA freelist_count")
        let reserved = try number("SELECT sum(reserved) FROM job WHERE state IN ('queued', 'running')")
        let demand = used + reserved + room.pages
        if let maximumBytes = configuration.maximumBytes, demand + Room.spare > maximumBytes / Room.pageSize { throw JobError.storageFull }
        guard file != nil else { return }
        let largest = try max(room.pages, number("SELECT max(pages) FROM job"))
        // What the file and its log take already is theirs to use again.
        let present = StoreFile.bytes(path) + StoreFile.bytes(path + "-wal")
        guard (demand + Room.log + largest) * Room.pageSize - present <= configuration.freeBytes(path) else { throw JobError.storageFull }
    }
}
