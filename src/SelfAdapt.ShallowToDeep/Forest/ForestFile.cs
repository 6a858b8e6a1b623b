using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using SelfAdapt.Files;
using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>
/// A forest in a file, little-endian: the words "SelfAdapt forest 1" and a line feed; the description of its features and
/// a line feed; the number of trees; then per tree the number of nodes, the nodes (threshold, link) and the
/// probabilities.
/// </summary>
internal static class ForestFile
{
    public const string Ending = ".forest";

    private const string Magic = "SelfAdapt forest 1";
    private const int MostTrees = 1000;
    private const int LongestLine = 8192;

    public static void Write(string path, RandomForest forest) => OutputFile.Write(path, stream =>
    {
        stream.Write(Encoding.ASCII.GetBytes($"{Magic}\n{forest.Features}\n"));
        WriteNumber(stream, forest.Trees.Count);
        foreach (Tree tree in forest.Trees)
        {
            WriteNumber(stream, tree.Nodes.Length);
            stream.Write(MemoryMarshal.AsBytes(tree.Nodes.AsSpan()));
            stream.Write(MemoryMarshal.AsBytes(tree.Probability.AsSpan()));
        }
    });

    /// <exception cref="SelfAdaptException">UnreadableInput: no forest, cut off, or one of other features.</exception>
    public static RandomForest Read(string path) => Read(FileBytes.Load(path));

    /// <inheritdoc cref="Read(string)"/>
    public static RandomForest Read(FileBytes file)
    {
        ReadOnlySpan<byte> rest = file.All;
        if (ReadLine(ref rest) != Magic)
        {
            throw Bad(file, "this is no forest. A forest is made from strokes and the images that they were painted on.");
        }

        string description = ReadLine(ref rest) ?? "";
        FeatureSet features = FeatureSet.Parse(description) ?? throw Bad(
            file, $"this forest has learnt from other features than this version computes ('{Short(description)}', here "
            + $"v{FeatureSet.CurrentVersion}). Train it again.");
        int count = ReadNumber(file, ref rest);
        if (count is < 1 or > MostTrees)
        {
            throw Bad(file, $"it claims {count} trees; a forest has 1 to {MostTrees}.");
        }

        Tree[] trees = new Tree[count];
        for (int i = 0; i < count; i++)
        {
            trees[i] = ReadTree(file, ref rest, features.Columns, i);
        }

        return rest.IsEmpty ? new(features, trees) : throw Bad(file, "something follows the last tree.");
    }

    private static Tree ReadTree(FileBytes file, ref ReadOnlySpan<byte> rest, int columns, int index)
    {
        int count = ReadNumber(file, ref rest);
        if (count < 1 || count > TreeNode.MostNodes || (long)count * 12 > rest.Length)
        {
            throw Bad(file, $"tree {index} claims {count} nodes and the file ends before: it is cut off or damaged.");
        }

        TreeNode[] nodes = MemoryMarshal.Cast<byte, TreeNode>(rest[..(count * 8)]).ToArray();
        float[] probability = MemoryMarshal.Cast<byte, float>(rest.Slice(count * 8, count * 4)).ToArray();
        rest = rest[(count * 12)..];
        for (int i = 0; i < count; i++)
        {
            // A leaf stays where it is; any other link leads on, and not beyond the end.
            TreeNode node = nodes[i];
            bool leaf = node == TreeNode.Leaf(i);
            bool inner = node.Left > i && node.Left + 1 < count && node.Feature < columns && float.IsFinite(node.Threshold);
            if (!(leaf || inner) || !(probability[i] is >= 0 and <= 1))
            {
                throw Bad(file, $"node {i} of tree {index} is damaged.");
            }
        }

        return new(nodes, probability);
    }

    private static string? ReadLine(ref ReadOnlySpan<byte> rest)
    {
        int end = rest[..Math.Min(rest.Length, LongestLine)].IndexOf((byte)'\n');
        if (end < 0)
        {
            return null;
        }

        string line = Encoding.ASCII.GetString(rest[..end]);
        rest = rest[(end + 1)..];
        return line;
    }

    private static void WriteNumber(Stream stream, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        stream.Write(bytes);
    }

    private static int ReadNumber(FileBytes file, ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 4)
        {
            throw Bad(file, "the file ends within a number: it is cut off.");
        }

        int number = BinaryPrimitives.ReadInt32LittleEndian(rest);
        rest = rest[4..];
        return number;
    }

    private static string Short(string text) => text.Length > 60 ? text[..60] + "..." : text;

    private static SelfAdaptException Bad(FileBytes file, string why) => new(ErrorKind.UnreadableInput, file.Name, why);
}
