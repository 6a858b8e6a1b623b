using System.Reflection;

namespace SelfAdapt.Tool.Viewer;

/// <summary>The files that pages are made of, each at its address: those in the program, and onnxruntime-web's.</summary>
internal static class PageFiles
{
    private static readonly Dictionary<string, string> ContentTypes = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".mjs"] = "text/javascript; charset=utf-8",
        [".wasm"] = "application/wasm",
    };

    private const string Prefix = "page/";

    /// <summary>Adds the page of studio and view.</summary>
    public static void AddTo(IDictionary<string, Func<LocalResponse>> addresses)
    {
        Assembly assembly = typeof(PageFiles).Assembly;
        foreach (string resource in assembly.GetManifestResourceNames()
            .Where(r => r.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            string name = resource[Prefix.Length..];
            addresses[name == "index.html" ? "/" : "/page/" + name] = () => Resource(assembly, resource);
        }
    }

    /// <summary>Adds onnxruntime-web.</summary>
    /// <param name="folder">Where it lies; null where it is missing.</param>
    public static void AddRuntime(IDictionary<string, Func<LocalResponse>> addresses, string? folder)
    {
        foreach (string file in folder is null ? [] : WebRuntime.Files)
        {
            addresses["/ort/" + file] = () =>
                new LocalResponse(200, TypeOf(file), File.ReadAllBytes(Path.Combine(folder!, file)));
        }
    }

    /// <summary>The content type of a file, by its ending.</summary>
    public static string TypeOf(string name) => ContentTypes[Path.GetExtension(name)];

    private static LocalResponse Resource(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name)!;
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return new LocalResponse(200, TypeOf(name), bytes.ToArray());
    }
}
