using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SelfAdapt.Tool.Viewer;

/// <summary>
/// The secret in a page's address. Other users of the machine reach its port as well; who opens the printed address
/// gets a cookie, and nothing is answered without it.
/// </summary>
internal sealed class PageKey
{
    private const int Bytes = 24;

    private readonly string _secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>The path that hands out the cookie.</summary>
    public string Path => "/?key=" + _secret;

    /// <summary>The answer to a request that shows no cookie: the cookie for the right address, else a refusal.</summary>
    /// <param name="target">The path as it was sent.</param>
    /// <param name="port">The cookie's name holds it: cookies don't tell ports apart.</param>
    /// <returns>Null where the request may pass.</returns>
    public LocalResponse? Check(HttpRequest request, string target, int port)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"selfadapt-{port}");
        if (request.Method == "GET" && Same(target, Path))
        {
            return LocalResponse.Text(303, "") with
            {
                More = [("Location", "/"), ("Set-Cookie", $"{name}={_secret}; Path=/; HttpOnly; SameSite=Strict")],
            };
        }

        return request.Cookies.TryGetValue(name, out string? shown) && Same(shown, _secret)
            ? null
            : LocalResponse.Text(403, "Open the address that was printed: it holds the key.");
    }

    private static bool Same(string? given, string right) => CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(given ?? ""), Encoding.UTF8.GetBytes(right));
}
