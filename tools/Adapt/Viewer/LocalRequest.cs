using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace SelfAdapt.Tool.Viewer;

/// <summary>A request as the viewer's server takes it: a small and strict part of HTTP/1.1.</summary>
/// <param name="Method">Such as GET.</param>
/// <param name="Target">The path as it was sent; nothing is decoded.</param>
/// <param name="Headers">Names in lower case; no name twice.</param>
/// <param name="Body">What follows the headers.</param>
internal sealed record LocalRequest(
    string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    private const int MostHeaderBytes = 16 * 1024;
    private const int ChunkBytes = 1 << 16;

    /// <summary>Reads a request.</summary>
    /// <param name="stream">Where it comes from.</param>
    /// <param name="mostBodyBytes">The largest body that is taken.</param>
    /// <exception cref="LocalRequestException">It is not one that is understood.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static LocalRequest Read(Stream stream, long mostBodyBytes)
    {
        string[] lines = ReadHead(stream).Split("\r\n");
        string[] first = lines[0].Split(' ');
        if (first.Length != 3 || first[2] is not ("HTTP/1.1" or "HTTP/1.0") || !first[1].StartsWith('/'))
        {
            throw new LocalRequestException(400, "This is no request that is understood here.");
        }

        Dictionary<string, string> headers = new(StringComparer.Ordinal);
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':');
            if (colon < 1 || !headers.TryAdd(line[..colon].ToLowerInvariant(), line[(colon + 1)..].Trim()))
            {
                throw new LocalRequestException(400, "A header is malformed or there twice.");
            }
        }

        return new LocalRequest(first[0], first[1], headers, ReadBody(stream, headers, mostBodyBytes));
    }

    private static string ReadHead(Stream stream)
    {
        List<byte> head = [];
        while (head is not [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'])
        {
            int next = stream.ReadByte();
            if (next < 0)
            {
                throw new EndOfStreamException("The connection ended within a request.");
            }

            if (head.Count == MostHeaderBytes)
            {
                throw new LocalRequestException(431, "The headers are too long.");
            }

            head.Add((byte)next);
        }

        return Encoding.Latin1.GetString([.. head])[..^4];
    }

    private static byte[] ReadBody(Stream stream, Dictionary<string, string> headers, long most)
    {
        if (headers.ContainsKey("transfer-encoding"))
        {
            throw new LocalRequestException(411, "Bodies come with a Content-Length here.");
        }

        if (!headers.TryGetValue("content-length", out string? text))
        {
            return [];
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
        {
            throw new LocalRequestException(400, "The Content-Length is no number.");
        }

        if (length > most)
        {
            throw new LocalRequestException(
                413, string.Create(CultureInfo.InvariantCulture, $"At most {most:N0} bytes are taken."));
        }

        // Memory grows with what arrives, not with what was announced.
        using MemoryStream body = new();
        byte[] chunk = new byte[ChunkBytes];
        while (body.Length < length)
        {
            int read = stream.Read(chunk, 0, (int)Math.Min(chunk.Length, length - body.Length));
            if (read == 0)
            {
                throw new EndOfStreamException("The connection ended within a request.");
            }

            body.Write(chunk, 0, read);
        }

        return body.ToArray();
    }
}

/// <summary>A request that is answered with an error.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">What is wrong.</param>
internal sealed class LocalRequestException(int status, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;
}
