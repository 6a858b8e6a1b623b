using SelfAdapt.Files;

namespace SelfAdapt.Models.Onnx;

/// <summary>Reads model files whole, whatever their kind.</summary>
internal static class ModelBytes
{
    public static byte[] Load(string path, string what)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, path, $"the {what} can't be read: {FileBytes.WhyNotOpened(path, e).TrimEnd('.')}.", e);
        }
    }
}
