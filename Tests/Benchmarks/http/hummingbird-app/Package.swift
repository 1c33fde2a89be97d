// swift-tools-version: 6.1
import PackageDescription

// The yardstick of compare.sh: a package of its own, so that nothing of it is built with Amalgam.
let package = Package(
    name: "yardstick",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1")],
    targets: [.executableTarget(name: "App", dependencies: [.product(name: "Hummingbird", package: "hummingbird")])],
    swiftLanguageModes: [.v6]
)
