namespace SelfAdapt.Tool.Models;

/// <summary>The small networks of nuclei that the program carries; models/ tells how they were trained.</summary>
internal static class DefaultModel
{
    /// <summary>The word for the enhancer in a file's place.</summary>
    public const string BuiltinEnhancer = "builtin";

    /// <summary>The segmentation network's file's content.</summary>
    /// <exception cref="SelfAdaptException">NoUsableInput: the program was built without it.</exception>
    public static byte[] Read() => Read("default-model.onnx", "models/nuclei_small.onnx");

    /// <summary>The enhancer's file's content.</summary>
    /// <exception cref="SelfAdaptException">NoUsableInput: the program was built without it.</exception>
    public static byte[] ReadEnhancer() => Read("default-enhancer.onnx", "models/nuclei_enhancer.onnx");

    private static byte[] Read(string resource, string source)
    {
        using Stream? stream = typeof(DefaultModel).Assembly.GetManifestResourceStream(resource);
        if (stream is null)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput,
                $"The program was built without {source}. Build it from a complete checkout.");
        }

        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
