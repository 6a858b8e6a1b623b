using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Torch;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Interaction;
using ToolProgram = SelfAdapt.Tool.Program;

namespace SelfAdapt.Tests.Tool;

/// <summary>What a command line gave.</summary>
internal sealed record ToolResult(ExitCode Code, string Out, string Error);

/// <summary>
/// A folder of its own with tiny models and images, and the command line run in this process.
/// </summary>
internal sealed class ToolRun : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-tool-").FullName;

    public static ToolResult Run(params string[] args) => Run(CancellationToken.None, args);

    public static ToolResult Run(CancellationToken cancelled, params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = ToolProgram.Run(args, new Terminal(output, error, interactive: false, cancelled));
        return new((ExitCode)code, output.ToString(), error.ToString());
    }

    /// <summary>Presses Ctrl-C when a line of the progress begins in a certain way.</summary>
    public static ToolResult RunUntil(string line, params string[] args)
    {
        using CancellationTokenSource cancel = new();
        using StringWriter output = new();
        using Watch error = new(cancel, line);
        int code = ToolProgram.Run(args, new Terminal(output, error, interactive: false, cancel.Token));
        return new((ExitCode)code, output.ToString(), error.ToString());
    }

    /// <summary>Runs and requires that all went well.</summary>
    public static ToolResult Ok(params string[] args)
    {
        ToolResult result = Run(args);
        Assert.AreEqual(ExitCode.Ok, result.Code, result.Out + result.Error);
        return result;
    }

    /// <summary>Runs and requires an exit code, and a word in the message.</summary>
    public static ToolResult Expect(ExitCode code, string word, params string[] args)
    {
        ToolResult result = Run(args);
        Assert.AreEqual(code, result.Code, result.Out + result.Error);
        StringAssert.Contains(result.Error, word, StringComparison.Ordinal);
        return result;
    }

    public static JsonObject Json(string path) => JsonNode.Parse(File.ReadAllText(path))!.AsObject();

    public string At(params string[] parts) => Path.Combine([_folder, .. parts]);

    /// <summary>A two-level Cellpose network with random weights.</summary>
    public static TorchCheckpoint TinyCheckpoint()
    {
        RandomStream random = new(5);
        return CellposeGraphBuilder.RandomState([2, 4, 8], random.NextUniform, diameter: 12);
    }

    public string Checkpoint()
    {
        string path = At("tiny");
        File.WriteAllBytes(path, TinyCheckpoint().ToArray());
        return path;
    }

    public string Onnx()
    {
        string path = At("tiny.onnx");
        File.WriteAllBytes(path, CellposeGraphBuilder.Build(TinyCheckpoint()).Bytes);
        return path;
    }

    /// <summary>A folder of images with two discs each, as NAME_img.tif.</summary>
    public string Images(int count, string name = "images")
    {
        Directory.CreateDirectory(At(name));
        for (int i = 0; i < count; i++)
        {
            ImageFile.WriteTiff(At(name, $"i{i}_img.tif"), Discs(i, inside: 200, outside: 20));
        }

        return At(name);
    }

    /// <summary>The discs' masks as NAME_masks.png.</summary>
    public string Masks(int count, string name = "labels")
    {
        Directory.CreateDirectory(At(name));
        for (int i = 0; i < count; i++)
        {
            int[] labels = new int[48 * 48];
            Fill(labels, i, 1, 2);
            LabelFile.WritePng(At(name, $"i{i}_masks.png"), new LabelImage(48, 48, labels));
        }

        return At(name);
    }

    public string Image(string name, float value, float corner)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        float[] pixels = new float[32 * 32];
        Array.Fill(pixels, value);
        pixels[0] = corner;
        using MemoryStream bytes = new();
        bytes.Write([0x93, .. "NUMPY"u8, 1, 0]);
        byte[] header = Encoding.ASCII.GetBytes(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (32, 32), }".PadRight(117) + "\n");
        bytes.Write([(byte)header.Length, 0, .. header]);
        foreach (float pixel in pixels)
        {
            bytes.Write(BitConverter.GetBytes(pixel));
        }

        File.WriteAllBytes(At(name), bytes.ToArray());
        return At(name);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Image Discs(int shift, float inside, float outside)
    {
        int[] labels = new int[48 * 48];
        Fill(labels, shift, 1, 2);
        float[] pixels = Array.ConvertAll(labels, l => l > 0 ? inside : outside);
        for (int i = 0; i < pixels.Length; i++)
        {
            // A little texture, so that percentiles differ.
            pixels[i] += i * 7 % 11;
        }

        return new Image(1, 48, 48, pixels);
    }

    private static void Fill(int[] labels, int shift, params ReadOnlySpan<int> values)
    {
        for (int d = 0; d < values.Length; d++)
        {
            (int cy, int cx) = (12 + (22 * d) + (shift % 3), 14 + (20 * d) - (shift % 4));
            for (int p = 0; p < labels.Length; p++)
            {
                (int y, int x) = (p / 48, p % 48);
                if (((y - cy) * (y - cy)) + ((x - cx) * (x - cx)) <= 36)
                {
                    labels[p] = values[d];
                }
            }
        }
    }

    private sealed class Watch(CancellationTokenSource cancel, string line) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value is not null && value.StartsWith(line, StringComparison.Ordinal))
            {
                cancel.Cancel();
            }
        }
    }
}
