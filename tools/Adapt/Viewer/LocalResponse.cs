using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace SelfAdapt.Tool.Viewer;

/// <summary>An answer of the viewer's server.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="Body">The content.</param>
internal sealed record LocalResponse(int Status, string ContentType, byte[] Body)
{
    private const string PagePolicy =
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; "
        + "img-src 'self' data: blob:; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string ReportPolicy =
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; sandbox";

    /// <summary>Whether it is the report, which has its styles within and runs no script at all.</summary>
    public bool IsReport { get; init; }

    /// <summary>Methods that the address knows, for an answer that refuses another.</summary>
    public string? Allow { get; init; }

    /// <summary>A plain message.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="message">The text.</param>
    public static LocalResponse Text(int status, string message) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(message));

    /// <summary>Writes the answer.</summary>
    /// <param name="stream">Where it goes.</param>
    /// <param name="withBody">False for HEAD.</param>
    public void Write(Stream stream, bool withBody)
    {
        List<(string Name, string? Value)> headers =
        [
            ("Content-Type", ContentType),
            ("Content-Length", FormattableString.Invariant($"{Body.Length}")),
            ("Content-Security-Policy", IsReport ? ReportPolicy : PagePolicy),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Embedder-Policy", "require-corp"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
            ("Allow", Allow),
            ("Connection", "close"),
        ];
        string head = FormattableString.Invariant($"HTTP/1.1 {Status} {Reason}\r\n")
            + string.Concat(headers.Where(h => h.Value is not null).Select(h => $"{h.Name}: {h.Value}\r\n"));
        stream.Write(Encoding.Latin1.GetBytes(head + "\r\n"));
        if (withBody)
        {
            stream.Write(Body);
        }

        stream.Flush();
    }

    private string Reason => Status switch
    {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        _ => "Internal Server Error",
    };
}
