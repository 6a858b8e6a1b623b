namespace SelfAdapt.Tool;

/// <summary>The small network of nuclei that the program carries; models/ tells how it was trained.</summary>
internal static class DefaultModel
{
    private const string Resource = "default-model.onnx";

    /// <summary>Its file's content.</summary>
    /// <exception cref="SelfAdaptException">NoUsableInput: the program was built without it.</exception>
    public static byte[] Read()
    {
        using Stream? stream = typeof(DefaultModel).Assembly.GetManifestResourceStream(Resource);
        if (stream is null)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput,
                "The program was built without its default model (models/nuclei_small.onnx). Build it from a "
                    + "complete "
                + "checkout.");
        }

        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
