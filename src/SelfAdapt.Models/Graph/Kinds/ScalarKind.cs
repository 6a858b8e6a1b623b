namespace SelfAdapt.Models.Graph.Kinds;

/// <summary>Any number of a pixel.</summary>
internal sealed class ScalarKind() : OutputKind("scalar", 1)
{
    internal override OutputKind AsProbability => this;
}
