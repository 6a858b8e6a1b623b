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

    /// <summary>A plain message.</summary>
    public static LocalResponse Text(int status, string message) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(message));

    /// <summary>Writes the answer.</summary>
    public Task WriteAsync(HttpResponse response)
    {
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.ContentLength = Body.Length;
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
        return response.Body.WriteAsync(Body).AsTask();
    }
}
