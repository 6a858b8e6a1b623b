namespace SelfAdapt.Models.Graph;

/// <summary>
/// One operator of the plain graph. Each kind stands in a file of its own, which knows how ONNX files spell it
/// (read) and how it is written plainly; what it computes is the engine's.
/// </summary>
/// <param name="name">Its name in the ONNX file; may be "".</param>
/// <param name="inputs">The values it reads.</param>
/// <param name="output">The value it makes.</param>
internal abstract class NetworkNode(string name, IReadOnlyList<int> inputs, int output)
{
    public string Name => name;

    public IReadOnlyList<int> Inputs { get; private set; } = inputs;

    public int Output => output;

    /// <summary>The same node, reading one value in another's place.</summary>
    public NetworkNode Reading(int instead, int value)
    {
        NetworkNode other = (NetworkNode)MemberwiseClone();
        other.Inputs = [.. Inputs.Select(i => i == value ? instead : i)];
        return other;
    }

    public abstract void Write(NetworkWriter writer);
}
