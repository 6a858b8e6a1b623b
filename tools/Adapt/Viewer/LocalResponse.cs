using System.Text;
using Microsoft.AspNetCore.Http;

namespace SelfAdapt.Tool.Viewer;

/// <summary>An answer of the viewer's server.</summary>
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

    /// <summary>Writes a body that grows while it is sent; null: <see cref="Body"/> is all.</summary>
    public Func<Stream, CancellationToken, Task>? Stream { get; init; }

    /// <summary>Headers beside those that every answer has.</summary>
    public IReadOnlyList<(string Name, string Value)> More { get; init; } = [];

    /// <summary>A plain message.</summary>
    public static LocalResponse Text(int status, string message) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(message));

    /// <summary>Writes the answer.</summary>
    public async Task WriteAsync(HttpResponse response, CancellationToken aborted)
    {
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.ContentLength = Stream is null ? Body.Length : null;
        IHeaderDictionary headers = response.Headers;
        headers.ContentSecurityPolicy = IsReport ? ReportPolicy : PagePolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Embedder-Policy"] = "require-corp";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
        headers.Allow = Allow;
        headers.Connection = "close";
        foreach ((string name, string value) in More)
        {
            headers[name] = value;
        }

        await (Stream is null ? response.Body.WriteAsync(Body, aborted).AsTask() : Stream(response.Body, aborted))
            .ConfigureAwait(false);
    }
}
