@main struct Amalgam { static func main() {} }
