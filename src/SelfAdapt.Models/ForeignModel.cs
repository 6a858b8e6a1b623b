namespace SelfAdapt.Models;

/// <summary>Files that people take for models which are read here, by how they begin.</summary>
internal static class ForeignModel
{
    private static readonly (byte[] Head, string What, string Next)[] Kinds =
    [
        ([0x89, .. "HDF"u8], "a Keras model (HDF5)", "Convert it to ONNX with tf2onnx, channels first."),
        ([0x93, .. "NUMPY"u8], "a NumPy array, as Cellpose's size models are", "Name the network's own file."),
        ([0x80], "a Python pickle, which would have to be run to be read",
            "Save the state dict with torch.save(model.state_dict(), ...), or export the network to ONNX."),
        ([.. "version https://git-lfs"u8], "a Git LFS pointer, which stands for the file",
            "Fetch the file: git lfs pull."),
        ([.. "<"u8], "a web page or other XML", "Download the model file itself."),
    ];

    /// <summary>Refuses a file of another kind; passes over what may be a model.</summary>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it is one of those.</exception>
    public static void Refuse(ReadOnlySpan<byte> bytes, string path)
    {
        foreach ((byte[] head, string what, string next) in Kinds)
        {
            if (bytes.StartsWith(head))
            {
                throw new SelfAdaptException(ErrorKind.ModelUnsupported, path, $"is {what}. {next}");
            }
        }
    }
}
