using System.Net.Sockets;
using System.Text;

namespace SelfAdapt.Tests.Tool.Viewer;

/// <summary>Requests as bytes over a socket: what no client would send can be sent, too.</summary>
internal static class RawHttp
{
    /// <summary>Sends a request and reads until the server closes.</summary>
    public static byte[] Exchange(int port, byte[] request)
    {
        using TcpClient client = new("127.0.0.1", port);
        client.ReceiveTimeout = 30_000;
        using NetworkStream stream = client.GetStream();
        using MemoryStream answer = new();
        try
        {
            stream.Write(request);
            stream.CopyTo(answer);
        }
        catch (IOException)
        {
            // What was not read of a refused request may reset the connection behind the answer.
        }

        return answer.ToArray();
    }

    /// <summary>The header that a browser sends once it has opened a server's address.</summary>
    public static string Cookie(string address)
    {
        Uri open = new(address);
        byte[] request = Encoding.ASCII.GetBytes($"GET {open.PathAndQuery} HTTP/1.1\r\nHost: {open.Authority}\r\n\r\n");
        string answer = "";

        // Connections that an earlier test has left may still take all of the server's places.
        for (int attempt = 0; attempt < 10 && !answer.Contains("Set-Cookie: ", StringComparison.Ordinal); attempt++)
        {
            Thread.Sleep(100 * attempt);
            answer = Encoding.ASCII.GetString(Exchange(open.Port, request));
        }

        return $"Cookie: {answer.Split("Set-Cookie: ")[1].Split(';')[0]}\r\n";
    }

    /// <summary>An answer without its head.</summary>
    public static byte[] Body(byte[] answer) => answer[(answer.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
}
