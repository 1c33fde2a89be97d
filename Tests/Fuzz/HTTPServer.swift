/// Stands for the server, whose limits the parsers name.
enum HTTPServer {}
